//! A deploy is marked where runs of every machine see it.

use std::path::Path;

use super::NotStarted;
use super::ids::random_letters;
use super::prepare::{environment, store_of};
use super::shared;
use crate::exit::Exit;
use crate::model::deploy::{DeployEdge, is_part};
use crate::port::Away;
use crate::reading::one_line;
use crate::store::DeployBook;

const NONCE_LENGTH: usize = 6;

/// Marks that a deploy of an environment begins, or is over: `part` says of what, such as `api`. It needs nothing of the environment
/// but its store.
///
/// # Errors
/// [`NotStarted`] where the files or the name are wrong, or the store cannot be written.
pub async fn mark(root: &Path, name: &str, edge: DeployEdge, part: &str) -> Result<(), NotStarted> {
    if !is_part(part) {
        let said = "--deployed: write a name such as api, or several with commas between.";
        return Err(NotStarted::new(Exit::WrongInput, said));
    }
    let files = crate::config::Files::new(root);
    let (environment, _) = environment(&files, name)?;
    let bucket = shared::bucket(store_of(&files, &environment)?.as_ref()).await;
    let book = DeployBook::new(shared::objects(&files, bucket.as_ref()), &environment.name);
    book.mark(edge, part, &random_letters(NONCE_LENGTH)?).await.map_err(|Away(why)| {
        let said = format!("The deploy is not marked: {}. Runs do not know of it.", one_line(&why));
        NotStarted::new(Exit::NotJudged, said)
    })
}
