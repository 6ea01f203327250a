//! Examples and exit codes, one page a command. A test refuses a command without a page, and an example that cannot be parsed.

use super::Exit;

/// What the help of a command ends with.
pub(in crate::cli) struct Page {
    /// The command, without `helm hwdr`.
    pub path: &'static str,
    /// Lines that work as they are, if their names are replaced.
    pub examples: &'static [&'static str],
    /// What its exit codes mean.
    pub exits: &'static [&'static [Exit]],
}

const USAGE: Exit = (2, "the command line is wrong, or an input cannot be read");
const DRY: Exit = (0, "done, or a dry run");
const REFUSED: Exit = (1, "refused: nothing was changed");
const REFUSED_OR_HELM: Exit = (1, "refused: nothing was changed; without a restore in the values: helm failed");
const GO_BACK: Exit = (3, "stopped in the middle: continue with helm hwdr resume, or go back with helm hwdr undo");
const VM_GO_BACK: Exit =
    (3, "stopped in the middle: continue with helm hwdr vm resume, or go back with helm hwdr vm undo");
const AGAIN: Exit = (3, "stopped in the middle: run it again");
/// A command that prints what it has.
const PRINTS: &[Exit] = &[(0, "printed"), USAGE];
/// A command that reads a cluster, or something else that may refuse.
const READS: &[Exit] = &[(0, "printed"), (1, "refused, or the cluster does not answer"), USAGE];
/// A command that changes something.
const CHANGES: &[Exit] = &[(0, "done"), (1, "refused: nothing was changed"), USAGE];
/// A command that renders.
const RENDERS: &[Exit] = &[(0, "rendered, or nothing to restore"), (1, "refused: nothing is rendered"), USAGE];
/// A run.
const RUNS: &[Exit] = &[DRY, REFUSED, USAGE, GO_BACK];
/// The same of a command that without a restore is helm's own.
const UPGRADES: &[Exit] = &[DRY, REFUSED_OR_HELM, USAGE, GO_BACK];
const INSTALLS: &[Exit] = &[
    DRY,
    REFUSED_OR_HELM,
    USAGE,
    (3, "stopped in the middle: continue with helm hwdr resume, or start over (docs/restore.md)"),
];
const RESUMES: &[Exit] = &[
    (0, "done"),
    REFUSED,
    USAGE,
    (3, "stopped in the middle: continue with helm hwdr resume; in place, helm hwdr undo goes back"),
];
const UNDOES: &[Exit] = &[DRY, REFUSED, USAGE, (3, "stopped in the middle: continue with helm hwdr resume")];
const FINALIZES: &[Exit] = &[DRY, REFUSED, USAGE, AGAIN];
/// Runs on machines.
const VM: &[Exit] = &[DRY, REFUSED, USAGE, VM_GO_BACK];
const VM_BACKUPS: &[Exit] = &[
    DRY,
    (1, "refused, or stopped: see helm hwdr vm list; continue with helm hwdr vm resume"),
    USAGE,
    (3, "stopped, because its lock was lost: continue with helm hwdr vm resume"),
];
const VM_RESUMES: &[Exit] = &[
    (0, "done"),
    (1, "refused. Of a backup also: stopped, so run helm hwdr vm resume again"),
    USAGE,
    (3, "a restore stopped in the middle: continue with helm hwdr vm resume, or go back with helm hwdr vm undo"),
];
const VM_UNDOES: &[Exit] = &[(0, "done"), REFUSED, USAGE, (3, "stopped in the middle: run helm hwdr vm undo again")];
const VM_FINALIZES: &[Exit] = &[(0, "done"), REFUSED, USAGE, AGAIN];
/// What looks for faults.
const FINDS: &[Exit] = &[(0, "no errors"), (1, "errors"), USAGE];
/// Nagios' codes.
const NAGIOS: &[Exit] = &[
    (0, "ok (these are the codes of Nagios' plugins)"),
    (1, "warning"),
    (2, "problem: a restore would fail or lose data. Also: the command line is wrong"),
    (3, "unknown: something could not be read"),
];

const fn page(path: &'static str, examples: &'static [&'static str], exits: &'static [&'static [Exit]]) -> Page {
    Page { path, examples, exits }
}

/// All pages, in the order of the help.
pub(super) const PAGES: &[Page] = &[
    page(
        "",
        &[
            "helm hwdr backups list -n hopsworks",
            "helm hwdr doctor -n hopsworks",
            "helm hwdr upgrade hopsworks CHART -n hopsworks -f values.yaml",
            "helm hwdr undo hopsworks -n hopsworks",
        ],
        &[&[
            (0, "success"),
            (1, "findings, or refused: nothing was changed"),
            USAGE,
            (3, "a run stopped in the middle, or (status, doctor, verify) not known"),
        ]],
    ),
    page(
        "lint",
        &[
            "helm hwdr lint values.yaml",
            "helm hwdr lint -f values.yaml -f prod.yaml --chart CHART --for upgrade",
            "helm hwdr lint --fix values.yaml",
            "helm hwdr lint -o sarif values.yaml > hwdr.sarif",
        ],
        &[&[(0, "no errors"), (1, "errors; with --strict, also warnings"), USAGE]],
    ),
    page(
        "values",
        &["helm hwdr values -f values.yaml --origins", "helm hwdr values -f values.yaml --chart CHART -o json"],
        &[&[(0, "printed"), (2, "a file cannot be read, or Helm refuses the values")]],
    ),
    page("schema", &["helm hwdr schema > hopsworks.schema.json", "helm hwdr schema --product streams"], &[PRINTS]),
    page("rules", &["helm hwdr rules", "helm hwdr rules backup-id-time"], &[PRINTS]),
    page(
        "plan",
        &[
            "helm hwdr plan hopsworks CHART -n hopsworks -f values.yaml",
            "helm hwdr plan hopsworks CHART -n hopsworks -f values.yaml --out restore.plan",
            "helm template RELEASE CHART -f values.yaml |\n    helm hwdr plan -f values.yaml --for install",
        ],
        &[&[(0, "planned"), (1, "refused: the restore is not possible"), USAGE]],
    ),
    page(
        "diff",
        &[
            "helm hwdr diff hopsworks CHART -n hopsworks -f values.yaml",
            "helm hwdr diff hopsworks CHART -n hopsworks -f values.yaml --detailed-exitcode",
            "helm template RELEASE CHART -f values.yaml |\n    helm hwdr diff -f values.yaml --for install",
        ],
        &[&[
            (0, "compared; with --detailed-exitcode: no changes"),
            (1, "refused: the restore is not possible; with --detailed-exitcode: any error"),
            (2, "the command line is wrong, or an input cannot be read; with --detailed-exitcode: changes"),
        ]],
    ),
    page(
        "install",
        &[
            "helm hwdr install hopsworks CHART -n hopsworks -f values.yaml --iam --dry-run",
            "helm hwdr install hopsworks CHART -n hopsworks -f values.yaml --iam",
        ],
        &[INSTALLS],
    ),
    page(
        "upgrade",
        &[
            "helm hwdr upgrade hopsworks CHART -n hopsworks -f values.yaml --dry-run",
            "helm hwdr upgrade hopsworks CHART -n hopsworks -f values.yaml \\\n    --expect-cluster prod --yes",
            "helm hwdr upgrade hopsworks CHART -n hopsworks -f values.yaml \\\n    --plan restore.plan",
        ],
        &[UPGRADES],
    ),
    page(
        "resume",
        &["helm hwdr resume hopsworks -n hopsworks", "helm hwdr resume hopsworks CHART -n hopsworks -f values.yaml"],
        &[RESUMES],
    ),
    page(
        "undo",
        &["helm hwdr undo hopsworks -n hopsworks --dry-run", "helm hwdr undo hopsworks -n hopsworks"],
        &[UNDOES],
    ),
    page(
        "finalize",
        &[
            "helm hwdr finalize hopsworks CHART -n hopsworks -f values.yaml --dry-run",
            "helm hwdr finalize hopsworks CHART -n hopsworks -f values.yaml",
        ],
        &[FINALIZES],
    ),
    page("rerun", &["helm hwdr rerun hopsworks CHART -n hopsworks -f values.yaml"], &[RUNS]),
    page("watch", &["helm hwdr watch hopsworks -n hopsworks"], &[READS]),
    page("history", &["helm hwdr history hopsworks -n hopsworks"], &[READS]),
    page(
        "status",
        &[
            "helm hwdr status -n hopsworks",
            "helm hwdr status -n hopsworks --max-age 36h -o nagios",
            "helm hwdr status -n hopsworks -o prometheus > hwdr.prom",
        ],
        &[NAGIOS],
    ),
    page(
        "doctor",
        &[
            "helm hwdr doctor -n hopsworks",
            "helm hwdr doctor hopsworks CHART -n hopsworks -f values.yaml --for upgrade",
            "helm hwdr doctor -n hopsworks --bundle support.tar.gz",
        ],
        &[NAGIOS],
    ),
    page(
        "backups",
        &["helm hwdr backups list -n hopsworks", "helm hwdr backups show latest -n hopsworks"],
        &[&[(0, "done"), (1, "refused: nothing was changed"), USAGE, (3, "not complete, or not known")]],
    ),
    page(
        "backups list",
        &[
            "helm hwdr backups list -n hopsworks",
            "helm hwdr backups list -n hopsworks -o json",
            "helm hwdr backups list --from-bucket --bucket B --region eu-west-1",
        ],
        &[&[
            (0, "listed"),
            (1, "refused, or the cluster does not answer"),
            (2, "something could not be read, and is shown as ?. Also: the command line is wrong"),
        ]],
    ),
    page(
        "backups show",
        &["helm hwdr backups show latest -n hopsworks", "helm hwdr backups show 254811200 -n hopsworks -o json"],
        &[&[
            (0, "shown"),
            (1, "there is no such backup, or the cluster does not answer"),
            (2, "something could not be read. Also: the command line is wrong"),
        ]],
    ),
    page(
        "backups create",
        &["helm hwdr backups create -n hopsworks", "helm hwdr backups create -n hopsworks --wait --timeout 2h --yes"],
        &[&[
            (0, "made and verified; without --wait: begun"),
            (1, "refused: nothing was made. Also: what was verified is damaged"),
            (2, "what was verified misses something. Also: the command line is wrong"),
            (3, "begun, and not complete or not whole. Also: could not be verified"),
        ]],
    ),
    page("backups keep", &["helm hwdr backups keep 254811200 -n hopsworks"], &[CHANGES]),
    page("backups unkeep", &["helm hwdr backups unkeep 254811200 -n hopsworks"], &[CHANGES]),
    page(
        "backups drilled",
        &[
            "helm hwdr backups drilled latest -n hopsworks",
            "helm hwdr backups drilled 254811200 -n hopsworks --at 2025-12-01T08:00:00Z",
        ],
        &[CHANGES],
    ),
    page(
        "backups verify",
        &[
            "helm hwdr backups verify latest -n hopsworks",
            "helm hwdr backups verify latest -n hopsworks --read-data 10%",
            "helm hwdr backups verify 254811200 --from-bucket --bucket B",
        ],
        &[&[
            (0, "fine"),
            (1, "damaged (before 2 and 3)"),
            (2, "missing (before 3). Also: the command line is wrong"),
            (3, "could not look"),
        ]],
    ),
    page(
        "monitor",
        &[
            "helm hwdr monitor -n hopsworks --listen 0.0.0.0:9713",
            "helm hwdr monitor -n hopsworks --manifests --image IMAGE | kubectl apply -f -",
            "helm hwdr monitor --alerts > rules.yaml",
        ],
        &[&[
            (0, "printed"),
            (1, "refused, or the cluster does not answer"),
            USAGE,
            (143, "ended by SIGTERM, as every server (SIGINT: 130)"),
        ]],
    ),
    page(
        "s3",
        &["helm hwdr s3 check -f values.yaml", "helm hwdr s3 rewind --bucket B --backup-id 254811200 --dry-run"],
        &[CHANGES],
    ),
    page(
        "s3 check",
        &["helm hwdr s3 check -f values.yaml", "helm hwdr s3 check --bucket B --region eu-west-1 -o json"],
        &[&[(0, "all is well"), (1, "something was found"), USAGE]],
    ),
    page(
        "s3 lifecycle",
        &["helm hwdr s3 lifecycle -f values.yaml", "helm hwdr s3 lifecycle --bucket B --ttl 60d --apply"],
        &[&[(0, "the rules are as needed"), (1, "something was found, or refused"), USAGE]],
    ),
    page(
        "s3 rewind",
        &[
            "helm hwdr s3 rewind --bucket B --backup-id 254811200 --dry-run",
            "helm hwdr s3 rewind --bucket B --at 2026-02-13T15:36:27Z",
            "helm hwdr s3 rewind --bucket B --undo",
        ],
        &[&[(0, "done, or a dry run"), (1, "refused, or some keys could not be processed"), USAGE]],
    ),
    page(
        "streams",
        &["helm hwdr streams database list -f values.yaml", "helm hwdr streams mirror --for backup -f values.yaml"],
        &[CHANGES],
    ),
    page("streams database", &["helm hwdr streams database list -f values.yaml"], &[CHANGES]),
    page(
        "streams database list",
        &["helm hwdr streams database list -f values.yaml -o json"],
        &[&[(0, "listed"), (1, "refused, or AWS does not answer"), USAGE]],
    ),
    page(
        "streams database snapshot",
        &["helm hwdr streams database snapshot before-upgrade -f values.yaml --wait"],
        &[CHANGES],
    ),
    page(
        "streams database restore",
        &[
            "helm hwdr streams database restore -f values.yaml --dry-run",
            "helm hwdr streams database restore -f values.yaml",
        ],
        &[&[(0, "restored, or a dry run"), (1, "refused"), USAGE, (3, "begun, and not done: run it again")]],
    ),
    page("streams database policy", &["helm hwdr streams database policy -f values.yaml > policy.json"], &[PRINTS]),
    page(
        "streams mirror",
        &[
            "helm hwdr streams mirror --for backup -f values.yaml",
            "helm hwdr streams mirror --for backup -f values.yaml \\\n    --properties > mm2.properties",
        ],
        &[&[
            (0, "complete, or printed"),
            (1, "not complete, or a mirror runs the other way"),
            USAGE,
            (3, "could not look"),
        ]],
    ),
    page("bsl", &["helm hwdr bsl apply --bucket B --region eu-west-1 --iam"], &[CHANGES]),
    page(
        "bsl apply",
        &[
            "helm hwdr bsl apply --bucket B --region eu-west-1 --iam",
            "helm hwdr bsl apply --bucket B --region us-east-1 --endpoint https://minio \\\n    --path-style --credentials-env",
        ],
        &[CHANGES],
    ),
    page("objects", &["helm hwdr objects restore -f values.yaml -n hopsworks"], &[CHANGES]),
    page(
        "objects restore",
        &[
            "helm hwdr objects restore -f values.yaml -n hopsworks",
            "helm hwdr objects restore --backup-id 254811200 -n hopsworks --yes",
        ],
        &[&[(0, "restored"), (1, "refused, or Velero could not restore everything"), USAGE]],
    ),
    page(
        "post-render",
        &["helm template RELEASE CHART -f values.yaml |\n    helm hwdr post-render -f values.yaml --for install"],
        &[RENDERS],
    ),
    page("post-renderer", &["helm hwdr post-renderer install"], &[CHANGES]),
    page(
        "post-renderer install",
        &["helm hwdr post-renderer install", "helm hwdr post-renderer install --helm 4"],
        &[CHANGES],
    ),
    page("post-renderer path", &["helm hwdr post-renderer path"], &[PRINTS]),
    page(
        "krm",
        &["kustomize build --enable-alpha-plugins --enable-exec", "helm hwdr krm < resource-list.yaml"],
        &[RENDERS],
    ),
    page(
        "rbac",
        &[
            "helm hwdr rbac status -n hopsworks | kubectl apply -f -",
            "helm template hopsworks CHART -n hopsworks -f values.yaml |\n    helm hwdr rbac upgrade - -n hopsworks",
        ],
        &[PRINTS],
    ),
    page(
        "completion",
        &[
            "source <(hwdr completion bash)",
            "helm hwdr completion zsh > ~/.zfunc/_hwdr",
            "helm hwdr completion fish > ~/.config/fish/completions/hwdr.fish",
        ],
        &[PRINTS],
    ),
    page("man", &["helm hwdr man ~/.local/share/man/man1"], &[&[(0, "written"), (2, "a page cannot be written")]]),
    page("version", &["helm hwdr version", "helm hwdr version -o json"], &[&[(0, "printed")]]),
    page(
        "vm",
        &[
            "helm hwdr vm init 10.0.0.1 --user ops",
            "helm hwdr vm doctor",
            "helm hwdr vm backup",
            "helm hwdr vm restore latest --dry-run",
        ],
        &[VM],
    ),
    page("vm init", &["helm hwdr vm init 10.0.0.1 --user ops --folder /srv/backups"], &[PRINTS]),
    page("vm lint", &["helm hwdr vm lint", "helm hwdr vm lint --inventory prod.yaml"], &[FINDS]),
    page("vm schema", &["helm hwdr vm schema > vm.schema.json"], &[PRINTS]),
    page("vm doctor", &["helm hwdr vm doctor", "helm hwdr vm doctor -o json"], &[FINDS]),
    page(
        "vm backup",
        &["helm hwdr vm backup", "helm hwdr vm backup --dry-run", "helm hwdr vm backup --schedule > hwdr-backup.units"],
        &[VM_BACKUPS],
    ),
    page("vm list", &["helm hwdr vm list", "helm hwdr vm list -o json"], &[PRINTS]),
    page("vm show", &["helm hwdr vm show latest"], &[PRINTS]),
    page("vm verify", &["helm hwdr vm verify latest"], &[FINDS]),
    page("vm keep", &["helm hwdr vm keep 2601011200"], &[CHANGES]),
    page("vm unkeep", &["helm hwdr vm unkeep 2601011200"], &[CHANGES]),
    page("vm prune", &["helm hwdr vm prune --dry-run", "helm hwdr vm prune --yes"], &[CHANGES]),
    page("vm send", &["helm hwdr vm send latest"], &[CHANGES]),
    page("vm fetch", &["helm hwdr vm fetch 2601011200"], &[CHANGES]),
    page("vm restore", &["helm hwdr vm restore latest --dry-run", "helm hwdr vm restore 2601011200 --wipe"], &[VM]),
    page("vm resume", &["helm hwdr vm resume"], &[VM_RESUMES]),
    page("vm undo", &["helm hwdr vm undo"], &[VM_UNDOES]),
    page("vm finalize", &["helm hwdr vm finalize"], &[VM_FINALIZES]),
    page(
        "vm runbook",
        &["helm hwdr vm runbook latest > restore.md", "helm hwdr vm runbook latest -o script > restore.sh"],
        &[PRINTS],
    ),
];
