//! Keys of the shared store beyond one page.

use crate::port::{Away, Objects};

/// Keys that begin with `prefix` and come behind `after`, up to `until` with it, in their order; of so many pages at the most.
///
/// # Errors
/// [`Away`].
pub(super) async fn keys(
    objects: &dyn Objects,
    prefix: &str,
    after: String,
    until: Option<&str>,
    pages_max: usize,
) -> Result<Vec<String>, Away> {
    let (mut keys, mut behind) = (Vec::new(), after);
    for _ in 0..pages_max {
        let page = objects.list(prefix, &behind).await?;
        // A page may be shorter than it could be, and others follow: only an empty one is the end.
        let Some(last) = page.last() else { break };
        behind.clone_from(last);
        keys.extend(page.into_iter().take_while(|key| until.is_none_or(|until| key.as_str() <= until)));
        if until.is_some_and(|until| behind.as_str() > until) {
            break;
        }
    }
    Ok(keys)
}
