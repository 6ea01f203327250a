//! The stream to post-render: the test chart as Helm renders it, followed by as many documents of the kinds in large releases as asked for.

use std::fmt::Write as _;

/// The chart's rendered stream and `size` bytes of other documents, in Helm's own style.
pub(crate) fn stream(chart: &str, size: usize) -> String {
    let mut text = chart.to_owned();
    let mut number = 0;
    while text.len() < size {
        match number % 20 {
            0..=11 => config_map(&mut text, number),
            12..=14 => text.push_str(&service(number)),
            15..=17 => text.push_str(&role(number)),
            // Applications have to wait for the restore, which is work of another kind: a hundred of them.
            18 if number < 2000 => text.push_str(&deployment(number)),
            _ => custom_resource_definition(&mut text, number),
        }
        number += 1;
    }
    text
}

fn config_map(text: &mut String, number: usize) {
    let _ = write!(
        text,
        "---\n# Source: hopsworks/charts/bulk/templates/config-{number}.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  \
         name: bulk-config-{number}\n  namespace: hopsworks\n  labels:\n    app.kubernetes.io/name: \"bulk\" # quoted\n  \
         annotations: {{}}\nimmutable: null\ndata:\n  run.sh: |\n    #!/usr/bin/env bash\n    # --- copies the parts ---\n    \
         set -euo pipefail\n"
    );
    for part in 0..10 + number % 40 {
        let _ = write!(
            text,
            "    echo \"part {part}: $FROM/{part:06} to ${{TO:-/tmp}}\" # progress\n    if ! cp \"$FROM/{part:06}\" \"$TO\"; then\n      \
             exit {}\n    fi\n\n",
            part % 7
        );
    }
    text.push_str("  app.properties: |-\n");
    for key in 0..30 {
        let _ = writeln!(text, "    some.key.{key}=value of {number}, für {key}");
    }
}

fn service(number: usize) -> String {
    format!(
        "---\n# Source: hopsworks/charts/bulk/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: \
         bulk-{number}\n  namespace: hopsworks\nspec:\n  type: ClusterIP\n  clusterIP:\n  ports:\n  # the API\n  - name: http\n    \
         port: 8080\n    targetPort: http\n  selector:\n    app: bulk-{number}\n"
    )
}

fn role(number: usize) -> String {
    format!(
        "---\n# Source: hopsworks/charts/bulk/templates/rbac.yaml\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  \
         name: bulk-{number}\nrules:\n- apiGroups: [\"\", \"apps\"]\n  resources: [\"pods\", \"deployments\"]\n  verbs: [get, list, watch]\n"
    )
}

fn deployment(number: usize) -> String {
    let mut containers = String::new();
    for container in 0..3 {
        let _ = write!(
            containers,
            "      - name: part-{container}\n        image: \"docker.hops.works/hwutils:4.8.{number}\"\n        args: [\"--verbose\", \
             '--part={container}']\n        env:\n        - name: POD_NAME\n          valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}\n        \
             # a comment that operators rely on\n        - name: DATABASE\n          value: \"mysql://mysql.hopsworks.svc:3306/#\"\n        \
             resources:\n          requests:\n            cpu: 100m\n            memory: 256Mi\n        securityContext:\n          \
             allowPrivilegeEscalation: false\n          capabilities:\n            drop: [ALL]\n"
        );
    }
    format!(
        "---\n# Source: hopsworks/charts/bulk/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \
         bulk-{number}\n  namespace: hopsworks\n  labels: {{app: bulk-{number}}}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      \
         app: bulk-{number}\n  template:\n    metadata:\n      labels:\n        app: bulk-{number}\n    spec:\n      nodeSelector: \
         {{}}\n      tolerations: []\n      containers:\n{containers}"
    )
}

fn custom_resource_definition(text: &mut String, number: usize) {
    let _ = write!(
        text,
        "---\n# Source: hopsworks/crds/things-{number}.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: \
         CustomResourceDefinition\nmetadata:\n  annotations:\n    controller-gen.kubebuilder.io/version: v0.16.1\n  \
         creationTimestamp: null\n  name: things{number}.hops.works\nspec:\n  group: hops.works\n  names:\n    kind: \
         Thing{number}\n    plural: things{number}\n  scope: Namespaced\n  versions:\n  - name: v1\n    schema:\n      \
         openAPIV3Schema:\n        properties:\n"
    );
    fields(text, 10, 2);
    text.push_str("        type: object\n    served: true\n    storage: true\n");
}

fn fields(text: &mut String, indent: usize, depth: usize) {
    let pad = " ".repeat(indent);
    for field in 0..5 {
        let _ = write!(
            text,
            "{pad}field{field}:\n{pad}  description: Field {field} says how many of it there are, and where they live.\n{pad}    It goes \
             on over a second line, as controller-gen writes it.\n"
        );
        if depth > 0 {
            let _ = write!(text, "{pad}  type: object\n{pad}  properties:\n");
            fields(text, indent + 4, depth - 1);
        } else {
            let _ = write!(text, "{pad}  pattern: ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$\n{pad}  type: string\n");
        }
    }
}
