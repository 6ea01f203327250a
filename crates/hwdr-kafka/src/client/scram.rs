//! SCRAM, the client's side (RFC 5802, RFC 7677), as Kafka does it: names and passwords are taken as UTF-8 without SASLprep
//! (`ScramFormatter.normalize`), and there is no channel binding.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};

use super::access::{Hash, Password};

/// Why the exchange stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    /// The broker's message is not what the RFC says.
    #[error("its SCRAM message is malformed")]
    Malformed,
    /// It asks for so few rounds that the password could be guessed, or so many that the client would hang.
    #[error("it asks for {0} rounds of SCRAM; 4,096 to 1,000,000 are accepted")]
    Rounds(u32),
    /// It refuses the user.
    #[error("the user or password is wrong")]
    Refused,
    /// It does not know the password either: it is not the cluster that it claims to be.
    #[error("it could not prove that it knows the password: it is another server than it claims to be")]
    NotProven,
}

impl Hash {
    fn parts(self) -> (pbkdf2::Algorithm, hmac::Algorithm, &'static digest::Algorithm) {
        match self {
            Self::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256),
            Self::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512, &digest::SHA512),
        }
    }
}

/// The exchange before the broker's first message.
pub(super) struct Start {
    hash: Hash,
    nonce: String,
    bare: String,
}

impl Start {
    /// `nonce`: printable, without commas, never used before.
    pub(super) fn new(hash: Hash, user: &str, nonce: String) -> Self {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self { hash, bare: format!("n={user},r={nonce}"), nonce }
    }

    pub(super) fn message(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// The answer to the broker's first message, and what its last must be.
    pub(super) fn answer(self, first: &[u8], password: &Password) -> Result<(String, Finish), Stop> {
        let first = std::str::from_utf8(first).map_err(|_| Stop::Malformed)?;
        let [nonce, salt, rounds] = *first.split(',').take(3).collect::<Vec<_>>() else { return Err(Stop::Malformed) };
        let nonce = nonce.strip_prefix("r=").ok_or(Stop::Malformed)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Stop::Malformed);
        }
        let salt = salt.strip_prefix("s=").and_then(|salt| BASE64.decode(salt).ok()).ok_or(Stop::Malformed)?;
        let rounds: u32 = rounds.strip_prefix("i=").and_then(|rounds| rounds.parse().ok()).ok_or(Stop::Malformed)?;
        let Some(count) = NonZeroU32::new(rounds).filter(|_| (4096..=1_000_000).contains(&rounds)) else {
            return Err(Stop::Rounds(rounds));
        };

        let (pbkdf2, hmac_of, digest_of) = self.hash.parts();
        let mut salted = vec![0; digest_of.output_len()];
        pbkdf2::derive(pbkdf2, count, &salt, password.bytes(), &mut salted);
        let salted = hmac::Key::new(hmac_of, &salted);
        let client = hmac::sign(&salted, b"Client Key");
        let stored = digest::digest(digest_of, client.as_ref());
        // c=biws: no channel binding ("n,,").
        let without_proof = format!("c=biws,r={nonce}");
        let authenticated = format!("{},{first},{without_proof}", self.bare);
        let signature = hmac::sign(&hmac::Key::new(hmac_of, stored.as_ref()), authenticated.as_bytes());
        let proof: Vec<u8> = client.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();

        let server = hmac::sign(&salted, b"Server Key");
        let finish = Finish { key: hmac::Key::new(hmac_of, server.as_ref()), authenticated };
        Ok((format!("{without_proof},p={}", BASE64.encode(proof)), finish))
    }
}

/// What the broker's last message must prove.
pub(super) struct Finish {
    key: hmac::Key,
    authenticated: String,
}

impl Finish {
    pub(super) fn check(&self, last: &[u8]) -> Result<(), Stop> {
        let last = std::str::from_utf8(last).map_err(|_| Stop::Malformed)?;
        let last = last.split(',').next().unwrap_or_default();
        if last.starts_with("e=") {
            return Err(Stop::Refused);
        }
        let proof = last.strip_prefix("v=").and_then(|proof| BASE64.decode(proof).ok()).ok_or(Stop::Malformed)?;
        hmac::verify(&self.key, self.authenticated.as_bytes(), &proof).map_err(|_| Stop::NotProven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3.
    #[test]
    fn sha_256_of_the_rfc() {
        let start = Start::new(Hash::Sha256, "user", "rOprNGfwEbeRWgbNEkqO".to_owned());
        assert_eq!(start.message(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (answer, finish) = start.answer(first, &Password::new("pencil")).expect("an answer");
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(finish.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        assert_eq!(finish.check(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Err(Stop::NotProven));
        assert_eq!(finish.check(b"e=invalid-proof"), Err(Stop::Refused));
        assert_eq!(finish.check(b""), Err(Stop::Malformed));
    }

    #[test]
    fn what_a_broker_must_not_say() {
        let say = |first: &str| {
            let start = Start::new(Hash::Sha512, "a=b,c", "abc".to_owned());
            assert_eq!(start.message(), "n,,n=a=3Db=2Cc,r=abc");
            start.answer(first.as_bytes(), &Password::new("x")).map(|_| ()).expect_err("it is refused")
        };
        assert_eq!(say("r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), Stop::Malformed, "no nonce of its own");
        assert_eq!(say("r=xyz123,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), Stop::Malformed, "another's nonce");
        assert_eq!(say("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1"), Stop::Rounds(1));
        assert_eq!(say("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000"), Stop::Rounds(4_000_000_000));
        assert_eq!(say("m=x,r=abcd,s=,i=4096"), Stop::Malformed);
        assert_eq!(say(""), Stop::Malformed);
    }
}
