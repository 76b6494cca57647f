//! The protocol's version, and the encoding of what workers send back.
//!
//! Observations are postcard (varints, no field names): both ends are the same version of testmonx,
//! and the protocol's version comes first, so that any other is told apart before the rest is read.

use serde::{Deserialize, Serialize};

use crate::error::StateError;

/// Version of the wire types; grows with every change of them.
pub const PROTOCOL_VERSION: u32 = 3;

pub(crate) fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>, StateError> {
    postcard::to_stdvec(&(PROTOCOL_VERSION, value))
        .map_err(|error| StateError::damaged(what, &error))
}

pub(crate) fn decode<'a, T: Deserialize<'a>>(
    what: &'static str,
    bytes: &'a [u8],
) -> Result<T, StateError> {
    let damaged = |error: postcard::Error| StateError::damaged(what, &error);
    let (found, rest) = postcard::take_from_bytes(bytes).map_err(damaged)?;
    if found != PROTOCOL_VERSION {
        return Err(StateError::OtherProtocol { what, found });
    }
    let (value, rest) = postcard::take_from_bytes(rest).map_err(damaged)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(StateError::damaged(what, &"bytes follow its end"))
    }
}
