//! Streams' rules: one file each, listed in [`ALL`]. CONTRIBUTING.md says how to add one.

#[cfg(test)]
mod tests;

pub mod embedded_not_off;
pub mod external_address;
pub mod general_conditions;
pub mod kafka_protocol;
pub mod leftover_streams_restore;
pub mod mirror_clusters;
pub mod mirror_copies;
pub mod mirror_patterns;
pub mod other_instance;
pub mod streams_settings;
pub mod two_way_tls;

use crate::lint::rules::{
    Rule, boolean_text, clear_text_credentials, dotted_key, duplicate_key, ignore_comment, lost_indentation, odd_blank,
    second_document, typographic_quote, unknown_key, wrong_type,
};

/// The rules, in the order they run and are listed in. The last four are silent where another rule spoke.
pub static ALL: &[&dyn Rule] = &[
    &general_conditions::GeneralConditions,
    &boolean_text::BooleanText,
    &lost_indentation::LostIndentation,
    &dotted_key::DottedKey,
    &odd_blank::OddBlank,
    &typographic_quote::TypographicQuote,
    &duplicate_key::DuplicateKey,
    &embedded_not_off::EmbeddedNotOff,
    &external_address::ExternalAddress,
    &other_instance::OtherInstance,
    &two_way_tls::TwoWayTls,
    &kafka_protocol::KafkaProtocol,
    &mirror_clusters::MirrorClusters,
    &mirror_patterns::MirrorPatterns,
    &mirror_copies::MirrorCopies,
    &leftover_streams_restore::LeftoverStreamsRestore,
    &second_document::SecondDocument,
    &clear_text_credentials::ClearTextCredentials,
    &streams_settings::StreamsSettings,
    &unknown_key::UnknownKey,
    &wrong_type::WrongType,
    &ignore_comment::IgnoreComment,
];
