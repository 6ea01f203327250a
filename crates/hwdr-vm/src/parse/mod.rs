//! What programs on the hosts say, as types. All of it is foreign: what is not understood is an error or is left out, never believed.

pub mod hopsfs;
pub mod ndb;
pub mod probe;
pub mod show;
pub mod sql;
