//! Names that no two runs have.

use jiff::Timestamp;

use super::NotStarted;
use crate::exit::Exit;
use crate::store::second;

/// `20261122T031502Z-x7k2p9`: run ids sort by their time.
pub(super) fn run_id() -> Result<String, NotStarted> {
    Ok(format!("{}-{}", second(Timestamp::now()), random_letters(6)?))
}

/// No digits: six of them in a row would be taken for a code.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
pub(super) const TOKEN_LENGTH: usize = 16;

pub(super) fn random_letters(count: usize) -> Result<String, NotStarted> {
    let mut bytes = vec![0_u8; count];
    getrandom::fill(&mut bytes)
        .map_err(|error| NotStarted::new(Exit::NotJudged, format!("The system gives no random bytes: {error}.")))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect())
}
