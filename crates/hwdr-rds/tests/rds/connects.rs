//! How a client is made of the environment.

use std::process::Command;

use super::*;
use hwdr_rds::Access;

const INSIDE: &str = "HWDR_TEST_INSIDE";

/// Each environment needs a process: the test runs itself again in one, and reads what it prints.
#[tokio::test]
async fn it_connects_as_the_environment_says() {
    if std::env::var_os(INSIDE).is_some() {
        let said = match Rds::connect(Access::default()).await {
            Ok(rds) => match rds.instances().await {
                Ok(all) => format!("{} in {}", all.len(), rds.region()),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        println!("said: {said}");
        return;
    }
    let stand_in = StandIn::start(World::new()).await;
    let (key, secret) = (("AWS_ACCESS_KEY_ID", stand_in::KEY), ("AWS_SECRET_ACCESS_KEY", "not-shown"));
    let (region, endpoint) = (("AWS_REGION", "eu-north-1"), ("AWS_ENDPOINT_URL_RDS", stand_in.endpoint.as_str()));
    for (environment, expected) in [
        (vec![key, secret, region, endpoint], "said: 1 in eu-north-1"),
        (vec![key, secret, region, ("AWS_ENDPOINT_URL", &stand_in.endpoint)], "said: 1 in eu-north-1"),
        (vec![region, endpoint], "said: connect: no valid credentials"),
        (vec![region, endpoint, ("AWS_PROFILE", "nowhere")], "said: connect: no valid credentials"),
        (vec![key, secret, endpoint], "said: connect: no region is set"),
        (vec![key, secret, endpoint, ("AWS_REGION", "a b")], "said: connect: a b is not the name of a region"),
        (
            vec![("AWS_ACCESS_KEY_ID", "AKIDWRONG"), secret, region, endpoint],
            "said: rds:DescribeDBInstances: no valid credentials",
        ),
    ] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "connects::it_connects_as_the_environment_says", "--nocapture"]).env_clear();
        command.env(INSIDE, "1").env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent").envs(environment);
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("not-shown"), "{text}");
    }
}
