//! hwdr's client against real brokers.

use std::time::{Duration, Instant};

use hwdr_kafka::client::{Access, Acls, Client, Ends, Error, Hash, Login, Mechanism, Offsets, Password, Roots};

use crate::world::{LIMIT, PASSWORD, USER, World};

pub(crate) async fn reads_what_is_there(world: &mut World) {
    let production = &mut world.production;
    production.ask("topic read.a 3 retention.ms=86400000");
    production.ask("produce read.a 0 0 10");
    production.ask("produce read.a 2 0 7");
    production.ask("delete-before read.a 2 3");
    production.ask("transaction read.a 1 0 5 commit");
    production.ask("transaction read.a 1 5 5 abort");
    production.ask("transaction read.a 1 10 2 commit");
    production.ask("commit read.g read.a 0 4");
    production.ask("acl read.a User:someone WRITE");
    let mut client = production.client();

    let topics = client.topics(LIMIT).await.expect("topics");
    let own: Vec<_> = topics.into_iter().filter(|topic| topic.name == "read.a").collect();
    assert_eq!(own[0].partitions.len(), 3);
    assert!(
        own[0].partitions.iter().all(|partition| partition.led && partition.replicas == 1 && partition.in_sync == 1)
    );
    assert!(client.cluster().is_some_and(|id| id.len() == 22), "{:?}", client.cluster());

    let positions = client.positions(&own, LIMIT).await.expect("positions");
    // 12 records and three markers of transactions.
    let expected = [(0, Ends { begin: 0, end: 10 }), (1, Ends { begin: 0, end: 15 }), (2, Ends { begin: 3, end: 7 })];
    assert_eq!(positions["read.a"].iter().map(|(at, ends)| (*at, *ends)).collect::<Vec<_>>(), expected);

    let whole = client.count("read.a", 1, Ends { begin: 0, end: 15 }, LIMIT).await.expect("records");
    assert_eq!((whole.records, whole.last), (7, Some(13)), "those of the aborted transaction do not count");
    let part = client.count("read.a", 0, Ends { begin: 3, end: 8 }, LIMIT).await.expect("records");
    assert_eq!((part.records, part.last), (5, Some(7)), "a batch across both ends is opened");
    let marker = client.count("read.a", 1, Ends { begin: 14, end: 15 }, LIMIT).await.expect("records");
    assert_eq!(marker.records, 0);

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis();
    let newest = client.newest_records(&own, LIMIT).await.expect("times");
    assert_eq!(newest["read.a"].len(), 3, "each partition has its own");
    for newest in newest["read.a"].values() {
        let age = i64::try_from(now).expect("small") - newest;
        assert!((0..120_000).contains(&age), "records are of a moment ago: {age} ms");
    }
    production.ask("topic read.none 2");
    let none: Vec<_> =
        client.topics(LIMIT).await.expect("topics").into_iter().filter(|one| one.name == "read.none").collect();
    assert_eq!((none.len(), client.newest_records(&none, LIMIT).await.expect("times")), (1, Offsets::new()));

    let settings = client.settings(&["read.a".to_owned()], LIMIT).await.expect("settings");
    assert_eq!(settings["read.a"].iter().collect::<Vec<_>>(), [(&"retention.ms".to_owned(), &"86400000".to_owned())]);

    let committed = client.committed(&["read.g".to_owned(), "read.none".to_owned()], LIMIT).await.expect("offsets");
    assert_eq!(committed["read.g"]["read.a"].iter().collect::<Vec<_>>(), [(&0, &4)]);
    assert!(committed["read.none"].is_empty());

    let Acls::On(acls) = client.acls(LIMIT).await.expect("ACLs") else { panic!("there is an authorizer") };
    let shown: Vec<String> = acls.iter().map(ToString::to_string).collect();
    assert!(
        shown.contains(&"allow \"User:someone\" Write on literal topic \"read.a\" from host \"*\"".to_owned()),
        "{shown:?}"
    );
    let there = world.backup.client().acls(LIMIT).await.expect("ACLs");
    assert!(Acls::On(acls).missing_in(&there).iter().any(|acl| acl.to_string().contains("User:someone")));
}

pub(crate) async fn refused_at_once(world: &mut World) {
    let production = &world.production;
    let good = production.access();
    let login =
        |mechanism, password| Some(Login { mechanism, user: USER.to_owned(), password: Password::new(password) });
    let scram = Mechanism::Scram(Hash::Sha512);

    // All that the brokers take.
    for mechanism in [scram, Mechanism::Scram(Hash::Sha256), Mechanism::Plain] {
        let access = Access { login: login(mechanism, PASSWORD), ..good.clone() };
        let mut client = Client::new(production.servers(), access).expect("a client");
        client.topics(LIMIT).await.unwrap_or_else(|error| panic!("{mechanism:?}: {error}"));
    }

    let began = Instant::now();
    let topics = async |servers, access| {
        let mut client = Client::new(servers, access).expect("a client");
        let error = client.topics(LIMIT).await.expect_err("it is refused");
        let text = error.to_string();
        assert!(!text.contains(PASSWORD) && !text.contains("wrong one"), "{text}");
        (error, text)
    };
    for mechanism in [scram, Mechanism::Plain] {
        let access = Access { login: login(mechanism, "wrong one"), ..good.clone() };
        let (error, text) = topics(production.servers(), access).await;
        assert!(matches!(error, Error::Login { .. }) && text.contains("SASL_AUTHENTICATION_FAILED"), "{text}");
    }
    // Another authority's certificate.
    let other = std::env::temp_dir().join(format!("hwdr-kafka-other-{}", std::process::id()));
    let home = std::env::var_os("HWDR_LAB_KAFKA").expect("it was needed before");
    let made = std::process::Command::new(std::path::Path::new(&home).join("bin/authority")).arg(&other).status();
    assert!(made.expect("openssl").success());
    let ca = std::fs::read(other.join("ca.pem")).expect("a certificate");
    std::fs::remove_dir_all(other).expect("it is ours");
    let (error, text) = topics(production.servers(), Access { tls: Some(Roots::Pem(ca)), ..good.clone() }).await;
    assert!(matches!(error, Error::Certificate { .. }), "{text}");
    // A host that the certificate does not name.
    let by_other_name =
        hwdr_kafka::name::Server::parse_list(&format!("127.0.0.2:{}", production.port)).expect("an address");
    if std::net::TcpStream::connect(("127.0.0.2", production.port)).is_ok() {
        let (error, text) = topics(by_other_name, good.clone()).await;
        assert!(matches!(error, Error::Certificate { .. }), "{text}");
    }
    // TLS to a port without, and none to a port with. The first may be a broker that starts: it is tried again.
    let mut client = Client::new(world.backup.servers(), Access { login: None, ..good.clone() }).expect("a client");
    let text = client.topics(Duration::from_secs(2)).await.expect_err("it speaks no TLS").to_string();
    assert!(text.contains("does this port speak TLS?"), "{text}");
    let (error, text) = topics(production.servers(), Access::default()).await;
    assert!(matches!(error, Error::Malformed { .. }) && text.contains("TLS"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(60), "a refusal is not tried again: {:?}", began.elapsed());

    let clear = Access { tls: None, login: login(Mechanism::Plain, PASSWORD) };
    assert!(matches!(Client::new(production.servers(), clear), Err(Error::Clear)));
    let no_pem = Access { tls: Some(Roots::Pem(b"no certificate".to_vec())), ..good };
    assert!(matches!(Client::new(production.servers(), no_pem), Err(Error::Roots(_))));
}

pub(crate) async fn commits_for_empty_groups_alone(world: &mut World) {
    let backup = &mut world.backup;
    backup.ask("topic commit.a 2");
    backup.ask("produce commit.a 0 0 10");
    let mut client = backup.client();
    let offsets: Offsets = [("commit.a".to_owned(), [(0, 7), (1, 0)].into())].into();

    client.commit("commit.new", &offsets, LIMIT).await.expect("a group that does not exist yet");
    assert_eq!(backup.ask("offsets commit.new"), "{commit.a-0=7, commit.a-1=0}");

    for protocol in ["classic", "consumer"] {
        let group = format!("commit.{protocol}");
        backup.ask(&format!("join {group} commit.a {protocol}"));
        let end = Instant::now() + LIMIT;
        loop {
            let groups = client.groups(LIMIT).await.expect("groups");
            let own = groups.into_iter().find(|one| one.id == group);
            if own.as_ref().is_some_and(|own| own.is_active() && !own.members.is_empty()) {
                break;
            }
            assert!(Instant::now() < end, "{protocol}: {own:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let error = client.commit(&group, &offsets, LIMIT).await.expect_err("someone is in it");
        assert!(matches!(error, Error::Active { .. }), "{protocol}: {error}");
        assert_eq!(backup.ask(&format!("offsets {group}")), "{}", "{protocol}");
        backup.ask(&format!("leave {group}"));
        client.commit(&group, &offsets, LIMIT).await.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        assert_eq!(backup.ask(&format!("offsets {group}")), "{commit.a-0=7, commit.a-1=0}", "{protocol}");
    }
}

pub(crate) async fn waits_for_a_broker(world: &mut World) {
    world.backup.ask("topic wait.a 1");
    let mut client = world.backup.client();
    client.topics(LIMIT).await.expect("topics");
    world.backup.down();

    let began = Instant::now();
    let error = client.topics(Duration::from_secs(3)).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Late { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    let (topics, ()) = tokio::join!(client.topics(LIMIT), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.backup.up();
    });
    let topics = topics.expect("it came back");
    let own: Vec<_> = topics.into_iter().filter(|topic| topic.name == "wait.a").collect();
    let positions = client.positions(&own, LIMIT).await.expect("its leader comes, too");
    assert_eq!(positions["wait.a"][&0], Ends { begin: 0, end: 0 });
}
