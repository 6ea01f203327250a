//! MirrorMaker 2 as a Deployment: of a restore, or of every day.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hwdr_kafka::mirror::{Mirror, Security};
use serde_json::{Map, Value as Json, json};

use super::kafka::SECRETS;
use super::settings::names::Image;
use crate::refusal::Refusal;
use crate::render;

/// The template of the Secret with its settings, and of the Deployment.
pub const TEMPLATE: &str = "mirror-maker.yaml";
/// What its pods are called, in their label `app.kubernetes.io/name`.
pub const NAME: &str = "hwdr-mirror";

/// The Deployment of every day, from Streams' own cluster to the backup cluster.
pub const BACK: &str = "hwdr-mirror-for-backup";
/// The label of mirrors of every day, and its value for that one.
pub const OF_EVERY_DAY: (&str, &str) = ("hwdr.hopsworks.ai/mirror", "backup");
/// Velero leaves out what has this label: a mirror must not come back by itself.
const NO_BACKUP: &str = "velero.io/exclude-from-backup";

/// A cluster's Secret, and the key of the certificates in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// The Secret.
    pub secret: String,
    /// The key.
    pub certificates: &'static str,
}

/// What is not in the mirror itself.
#[derive(Debug)]
pub struct Deployed<'d> {
    /// The name of both objects.
    pub name: &'d str,
    /// Their namespace.
    pub namespace: &'d str,
    /// An image that has Kafka.
    pub image: &'d Image,
    /// The Secrets of the source and of the target, where they have credentials.
    pub secrets: [Option<Mounted>; 2],
    /// Labels of them alone; by the first, its pods are known.
    pub labels: &'d [(&'d str, &'d str)],
}

/// The Secret and the Deployment.
///
/// # Errors
/// If the mirror makes no sense, or a cluster needs a Secret that is not named.
pub fn objects(mirror: &Mirror, deployed: &Deployed<'_>) -> Result<Vec<Json>, Refusal> {
    let properties = mirror.properties().map_err(|error| Refusal::new(error.to_string()))?;
    let mut mounts = Vec::new();
    for (cluster, secret) in [&mirror.source, &mirror.target].into_iter().zip(&deployed.secrets) {
        match (&cluster.security, secret) {
            (Security::Plaintext, _) => {}
            (_, Some(Mounted { secret, certificates })) => {
                mounts.push(json!({"cluster": cluster.alias.as_str(), "secret": secret, "certificates": certificates}));
            }
            (_, None) => {
                return Err(Refusal::new(format!(
                    "no Secret is named with the credentials of cluster {}",
                    cluster.alias
                ))
                .help("name it: hwdr.streams.kafka.secret, or hwdr.streams.kafka.backup.secret"));
            }
        }
    }
    let mut labels = Map::new();
    for (key, value) in
        [("app.kubernetes.io/name", NAME), ("app.kubernetes.io/managed-by", "hwdr"), (NO_BACKUP, "true")]
    {
        labels.insert(key.to_owned(), value.into());
    }
    // A Deployment's selector cannot change: what says of which run it is stays out of it.
    let mut selector = labels.clone();
    selector.extend(deployed.labels.iter().take(1).map(|(key, value)| ((*key).to_owned(), Json::from(*value))));
    labels.extend(deployed.labels.iter().map(|(key, value)| ((*key).to_owned(), Json::from(*value))));
    let context = json!({
        "name": deployed.name,
        "namespace": deployed.namespace,
        "labels": labels,
        "selector": selector,
        "image": deployed.image.as_str(),
        "properties": STANDARD.encode(properties),
        "folder": SECRETS,
        "mounts": mounts,
    });
    render::objects(TEMPLATE, &context).map_err(|error| Refusal::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::kafka::{Shape, for_restore};
    use super::super::settings::Settings;
    use super::super::settings::names::Setting as _;
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    /// The most that Java's heap may be, in megabytes.
    fn heap(container: &Json) -> u64 {
        let env = container["env"].as_array().unwrap();
        let options = env.iter().find(|one| one["name"] == "KAFKA_HEAP_OPTS").unwrap()["value"].as_str().unwrap();
        let most = options.split(' ').find_map(|option| option.strip_prefix("-Xmx")).unwrap();
        most.strip_suffix('M').unwrap().parse().unwrap()
    }

    #[test]
    fn a_deployment_has_the_secrets_of_both_clusters_and_none_in_its_settings() {
        let values = "externalizedKafka: {auth: {clientProtocol: plaintext}}
hwdr: {streams: {kafka: {backup: {bootstrapServers: 'b:9096', secret: s}}, restore: {kafka: {bootstrapServers: 'n:9092'}}}}";
        let values = read_one(Source::new("values.yaml", values)).unwrap();
        let settings = Settings::from_values(&values).unwrap();
        let (kafka, restore) = (settings.kafka.unwrap(), settings.restore.unwrap());
        let shape = Shape { name: None, secrets: SECRETS.to_owned(), exactly_once: true };
        let mirror = for_restore(&values, &kafka, &restore.kafka.unwrap(), &shape).unwrap();
        let image = Image::parse("apache/kafka:4.0.0").unwrap();
        let deployed = |secrets| Deployed {
            name: "m",
            namespace: "streams",
            image: &image,
            secrets,
            labels: &[("a/b", "c"), ("e/f", "g")],
        };
        let backup = Mounted { secret: "s".to_owned(), certificates: "truststore.pem" };
        let made = objects(&mirror, &deployed([Some(backup), None])).unwrap();
        let pod = &made[1]["spec"]["template"]["spec"];
        assert_eq!(pod["volumes"][1]["secret"]["secretName"], "s");
        assert_eq!(pod["volumes"][1]["secret"]["items"][2], json!({"key": "truststore.pem", "path": "ca.crt"}));
        assert_eq!(pod["containers"][0]["volumeMounts"][1]["mountPath"], "/etc/streams-mirror/backup");
        assert_eq!(made[1]["spec"]["selector"]["matchLabels"]["a/b"], "c");
        assert_eq!(made[1]["spec"]["selector"]["matchLabels"]["e/f"], Json::Null);
        assert_eq!(made[1]["metadata"]["labels"], made[1]["spec"]["template"]["metadata"]["labels"]);
        // Java's heap leaves a quarter of the container's memory for what is beside it.
        let (heap, limit) =
            (heap(&pod["containers"][0]), pod["containers"][0]["resources"]["limits"]["memory"].as_str());
        let limit: u64 = limit.unwrap().strip_suffix("Gi").unwrap().parse().unwrap();
        assert!(heap > 512 && heap <= limit * 1024 * 3 / 4, "{heap} MB of {limit} GiB");
        let properties = STANDARD.decode(made[0]["data"]["mirror-maker.properties"].as_str().unwrap()).unwrap();
        assert!(String::from_utf8(properties).unwrap().contains("backup->restored.enabled"));
        let missing = objects(&mirror, &deployed([None, None])).unwrap_err();
        assert!(missing.problem.contains("cluster backup"), "{missing:?}");
    }
}
