//! What every machine shares: objects by key, written under a condition.

use async_trait::async_trait;

/// A place for objects. Every call is bounded in time by the adapter.
#[async_trait]
pub trait Objects: Send + Sync {
    /// The object of that key, if there is one.
    ///
    /// # Errors
    /// [`Away`].
    async fn get(&self, key: &str) -> Result<Option<Object>, Away>;
    /// Writes an object, whole or not at all, if the condition holds.
    ///
    /// # Errors
    /// [`Away`]: then it is not known whether it was written.
    async fn put(&self, key: &str, bytes: Vec<u8>, only: Only<'_>) -> Result<Put, Away>;
    /// Keys that begin with `prefix` and come behind `after`, in their order: at most [`LIST_MAX`].
    ///
    /// # Errors
    /// [`Away`].
    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, Away>;
    /// Takes an object away; one that is not there is no error.
    ///
    /// # Errors
    /// [`Away`].
    async fn delete(&self, key: &str) -> Result<(), Away>;
}

/// So many keys come with one look.
pub const LIST_MAX: usize = 1_000;
/// An object of more bytes is none of ours.
pub const OBJECT_BYTES_MAX: u64 = 64 << 20;

/// One object as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub bytes: Vec<u8>,
    /// Another one after each change.
    pub tag: String,
    /// How long ago it was written, in milliseconds, by the store's own clock.
    pub age_ms: u64,
}

/// When an object may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only<'a> {
    Always,
    /// Where there is none.
    IfNew,
    /// Where it still has this tag.
    IfTag(&'a str),
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written, with this tag.
    Done(String),
    /// Not written: the condition does not hold.
    Changed,
}

/// The store cannot be reached, or refuses: what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away(pub String);

/// Keys go into paths and addresses: names of letters, digits and `._-`, with strokes between.
pub fn is_key(key: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    key.len() <= 512 && key.split('/').all(is_name)
}
