//! Hopsworks' rules: one file each, listed in [`ALL`]. CONTRIBUTING.md says how to add one.

#[cfg(test)]
mod tests;

pub mod argo_cd_secrets;
pub mod backup_id_form;
pub mod backup_id_number;
pub mod backup_id_time;
pub mod backups_without_storage;
pub mod backups_without_velero;
pub mod backups_without_versioning;
pub mod force_data_clear_alone;
pub mod ids_far_apart;
pub mod in_place_on_install;
pub mod in_place_unconfirmed;
pub mod in_place_without_id;
pub mod leftover_restore;
pub mod misplaced_key;
pub mod override_without_global_id;
pub mod restore_on_upgrade;
pub mod restore_without_backups;
pub mod rondb_not_backed_up;
pub mod schedule;
pub mod superset_at_zero;
pub mod superset_not_backed_up;
pub mod superset_not_restored;
pub mod superset_restores_nothing;
pub mod ttl;
pub mod ttl_too_short;
pub mod unsafe_characters;
pub mod velero_name;
pub mod velero_name_alone;

use crate::lint::rules::{
    Rule, boolean_text, clear_text_credentials, dotted_key, duplicate_key, ignore_comment, lost_indentation, odd_blank,
    second_document, typographic_quote, unknown_key, wrong_type,
};

/// The rules, in the order they run and are listed in: related ones together. The last three are silent where another rule spoke.
pub static ALL: &[&dyn Rule] = &[
    &backup_id_number::BackupIdNumber,
    &backup_id_form::BackupIdForm,
    &backup_id_time::BackupIdTime,
    &boolean_text::BooleanText,
    &lost_indentation::LostIndentation,
    &dotted_key::DottedKey,
    &odd_blank::OddBlank,
    &typographic_quote::TypographicQuote,
    &duplicate_key::DuplicateKey,
    &in_place_without_id::InPlaceWithoutId,
    &in_place_unconfirmed::InPlaceUnconfirmed,
    &in_place_on_install::InPlaceOnInstall,
    &restore_on_upgrade::RestoreOnUpgrade,
    &force_data_clear_alone::ForceDataClearAlone,
    &override_without_global_id::OverrideWithoutGlobalId,
    &ids_far_apart::IdsFarApart,
    &velero_name::VeleroName,
    &velero_name_alone::VeleroNameAlone,
    &restore_without_backups::RestoreWithoutBackups,
    &rondb_not_backed_up::RondbNotBackedUp,
    &superset_restores_nothing::SupersetRestoresNothing,
    &superset_not_restored::SupersetNotRestored,
    &superset_at_zero::SupersetAtZero,
    &superset_not_backed_up::SupersetNotBackedUp,
    &argo_cd_secrets::ArgoCdSecrets,
    &leftover_restore::LeftoverRestore,
    &backups_without_storage::BackupsWithoutStorage,
    &backups_without_velero::BackupsWithoutVelero,
    &backups_without_versioning::BackupsWithoutVersioning,
    &schedule::ScheduleRule,
    &ttl::Ttl,
    &ttl_too_short::TtlTooShort,
    &second_document::SecondDocument,
    &clear_text_credentials::ClearTextCredentials,
    &unsafe_characters::UnsafeCharacters,
    &misplaced_key::MisplacedKey,
    &unknown_key::UnknownKey,
    &wrong_type::WrongType,
    &ignore_comment::IgnoreComment,
];
