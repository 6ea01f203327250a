//! Two clusters, MirrorMaker between them, and Kafka's own client beside hwdr's.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use hwdr_kafka::client::{Access, Client, Hash, Login, Mechanism, Password, Roots};
use hwdr_kafka::compare::Comparison;
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::{self, Cluster, Credentials, Mirror, Scram, Secret, Security, Trust};
use hwdr_kafka::name::{Alias, Server};
use hwdr_kafka::select::{Groups, Topics};

/// Longer than anything takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);
pub(crate) const USER: &str = "admin";
/// With what a Java properties file, JAAS and a shell each might read as their own.
pub(crate) const PASSWORD: &str = "pass: word=#!$x'";

/// A process that ends with its owner.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = File::options().create(true).append(true).open(&log).expect("a log");
        let both = file.try_clone().expect("a log");
        let child = command.stdin(Stdio::null()).stdout(file).stderr(both).spawn().expect("it starts");
        Self { child, log }
    }

    /// The end of its log.
    pub(crate) fn said(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// As an operator stops it.
    pub(crate) fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(60);
        while self.child.try_wait().expect("it can be asked").is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(100));
        }
        self.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kafka's own client, a command at a time.
pub(crate) struct Java {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Java {
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.try_ask(command).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub(crate) fn try_ask(&mut self, command: &str) -> Result<String, String> {
        writeln!(self.to, "{command}").expect("it reads");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("it answers");
        let line = line.trim_end();
        line.strip_prefix("ok ").or((line == "ok").then_some("")).map(str::to_owned).ok_or(line.to_owned())
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster of one broker.
pub(crate) struct Lone {
    home: PathBuf,
    folder: PathBuf,
    pub(crate) port: u16,
    secure: bool,
    broker: Option<Running>,
    java: Option<Java>,
}

impl Lone {
    fn start(home: &Path, folder: PathBuf, secure: bool) -> Self {
        fs::create_dir_all(&folder).expect("a folder");
        if secure {
            let made = Command::new(home.join("bin/authority")).arg(&folder).status().expect("openssl");
            assert!(made.success());
        }
        let mut lone = Self { home: home.to_owned(), folder, port: free_ports(), secure, broker: None, java: None };
        lone.up();
        lone
    }

    pub(crate) fn up(&mut self) {
        let mut command = Command::new(self.home.join("bin/broker"));
        command.arg(&self.folder).arg(self.port.to_string());
        if self.secure {
            command.args(["sasl_tls", USER, PASSWORD])
        } else {
            command.arg("plaintext")
        };
        self.broker = Some(Running::start(&mut command, self.folder.join("broker.log")));
    }

    /// Kills the broker.
    pub(crate) fn down(&mut self) {
        self.broker = None;
    }

    pub(crate) fn java(&mut self) -> &mut Java {
        if self.java.is_none() {
            let mut text = format!("bootstrap.servers=127.0.0.1:{}\n", self.port);
            if self.secure {
                text += "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nssl.truststore.type=PEM\n";
                text += &format!("ssl.truststore.location={}\n", self.folder.join("ca.pem").display());
                let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
                text += &format!("sasl.jaas.config={module} required username=\"{USER}\" password=\"{PASSWORD}\";\n");
            }
            let file = self.folder.join("client.properties");
            fs::write(&file, text).expect("a file");
            let mut child = Command::new(self.home.join("bin/java"))
                .arg("Client")
                .arg(file)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(File::create(self.folder.join("client.log")).expect("a log"))
                .spawn()
                .expect("Java");
            let (to, from) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
            self.java = Some(Java { child, to, from: BufReader::new(from) });
        }
        self.java.as_mut().expect("it was started")
    }

    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.java().ask(command)
    }

    pub(crate) fn servers(&self) -> Vec<Server> {
        Server::parse_list(&format!("127.0.0.1:{}", self.port)).expect("an address")
    }

    pub(crate) fn ca(&self) -> Vec<u8> {
        fs::read(self.folder.join("ca.pem")).expect("a certificate")
    }

    pub(crate) fn access(&self) -> Access {
        if !self.secure {
            return Access::default();
        }
        let login = Login {
            mechanism: Mechanism::Scram(Hash::Sha512),
            user: USER.to_owned(),
            password: Password::new(PASSWORD),
        };
        Access { tls: Some(Roots::Pem(self.ca())), login: Some(login) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.servers(), self.access()).expect("a client")
    }

    /// This cluster as an end of a mirror.
    pub(crate) fn end(&self, alias: &str) -> Cluster {
        let folder = self.folder.display();
        let security = if self.secure {
            fs::create_dir_all(self.folder.join("secret")).expect("a folder");
            fs::write(self.folder.join("secret/password"), PASSWORD).expect("a file");
            Security::SaslTls {
                trust: Trust::Pem(mirror::Path::new(&format!("{folder}/ca.pem")).expect("a path")),
                scram: Scram::Sha512,
                credentials: Credentials::Password {
                    user: Secret::env("LAB_KAFKA_USER").expect("a variable"),
                    password: Secret::directory(&format!("{folder}/secret"), "password").expect("a file"),
                },
            }
        } else {
            Security::Plaintext
        };
        Cluster { alias: Alias::new(alias).expect("an alias"), servers: self.servers(), security, replication: 1 }
    }
}

/// A port whose successor is free, too.
fn free_ports() -> u16 {
    loop {
        let one = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = one.local_addr().expect("an address").port();
        if port.checked_add(1).is_some_and(|next| TcpListener::bind(("127.0.0.1", next)).is_ok()) {
            return port;
        }
    }
}

/// `production` by TLS and SCRAM, `backup` in the clear.
pub(crate) struct World {
    home: PathBuf,
    folder: PathBuf,
    pub(crate) production: Lone,
    pub(crate) backup: Lone,
}

impl World {
    /// Where `lab/parts/kafka.sh` put Kafka is in `HWDR_LAB_KAFKA`.
    pub(crate) fn start() -> Self {
        let home = PathBuf::from(
            std::env::var_os("HWDR_LAB_KAFKA").expect("HWDR_LAB_KAFKA names Kafka's folder (lab/parts/kafka.sh)"),
        );
        let folder = std::env::temp_dir().join(format!("hwdr-kafka-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let production = Lone::start(&home, folder.join("production"), true);
        let backup = Lone::start(&home, folder.join("backup"), false);
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        for lone in [&production, &backup] {
            let answer = runtime.block_on(lone.client().topics(LIMIT));
            answer.unwrap_or_else(|error| {
                panic!("{error}\n{}", lone.broker.as_ref().map(Running::said).unwrap_or_default())
            });
        }
        Self { home, folder, production, backup }
    }

    /// A mirror from production to the backup of topics and groups that begin with a name.
    pub(crate) fn mirror(&self, name: &str) -> Mirror {
        Mirror {
            source: self.production.end(name),
            target: self.backup.end("backup"),
            topics: Topics::parse(&format!("{name}.*")).expect("topics"),
            groups: Groups::parse(&format!("{name}.*")).expect("groups"),
            tasks: 2,
            exactly_once: false,
        }
    }

    /// MirrorMaker, from the text.
    pub(crate) fn run(&self, mirror: &Mirror) -> Running {
        let text = mirror.properties().expect("a mirror");
        assert!(!text.contains(PASSWORD), "the text has no secret");
        let file = self.folder.join("mirror.properties");
        fs::write(&file, text).expect("a file");
        let log = self.folder.join(format!("mirror-{}-{}.log", mirror.source.alias, mirror.target.alias));
        let mut command = Command::new(self.home.join("bin/java"));
        command.arg("org.apache.kafka.connect.mirror.MirrorMaker").arg(file).env("LAB_KAFKA_USER", USER);
        Running::start(&mut command, log)
    }

    pub(crate) fn looker(&self) -> Looker {
        Looker::new(self.production.client(), self.backup.client())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::env::var_os("HWDR_LAB_KEEP").is_none() && !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Looks until a comparison is as wanted.
pub(crate) async fn until(
    looker: &mut Looker,
    mirror: &Mirror,
    running: &Running,
    wanted: impl Fn(&Comparison) -> bool,
) -> Comparison {
    let end = Instant::now() + LIMIT;
    loop {
        let seen = looker.look(mirror, LIMIT).await.expect("both clusters answer");
        if wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "not within {LIMIT:?}: {seen:#?}\n{}", running.said());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// The values of `offset:value offset:value …`.
pub(crate) fn values(read: &str) -> Vec<u64> {
    read.split_whitespace().map(|pair| pair.split_once(':').expect("a pair").1.parse().expect("a number")).collect()
}

/// The values from an offset on.
pub(crate) fn values_from(read: &str, from: i64) -> Vec<u64> {
    let pairs = read.split_whitespace().map(|pair| pair.split_once(':').expect("a pair"));
    pairs
        .filter(|(offset, _)| offset.parse::<i64>().expect("a number") >= from)
        .map(|(_, value)| value.parse().expect("a number"))
        .collect()
}
