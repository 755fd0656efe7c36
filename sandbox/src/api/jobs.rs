//! The API's part of jobs: templates, making a job from an uploaded file, its state, cancelling it; and receipts.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{Json, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{broker_is_away, internal_error};
use crate::World;
use crate::aws::s3::Part;
use crate::db::{NewJob, SMOKE_SERVICE_ID};
use crate::ledger::Entry;
use crate::worker::{INTERNAL, JOBS, Task};

/// A job can be scheduled this far ahead.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(96);
/// The real task is queued a moment after the job was written.
const MOMENT: Duration = Duration::from_millis(20);

pub(super) fn routes() -> Router<World> {
    Router::new()
        .route("/service/{service}/template", get(templates))
        .route("/service/{service}/limits", get(limits))
        .route("/service/{service}/team/{recipient}", get(team_member))
        .route("/service/{service}/sent-today", get(sent_today))
        .route("/service/{service}/job", post(create))
        .route("/service/{service}/job/{job}", get(job))
        .route("/service/{service}/job/{job}/cancel", post(cancel))
        .route("/notifications/email/ses", post(receipt))
}

fn bad(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "result": "error", "message": message }))).into_response()
}

async fn templates(State(world): State<World>) -> Response {
    match world.db.templates().await {
        Ok(templates) => Json(templates).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn limits(State(world): State<World>) -> Response {
    match world.db.limits().await {
        Ok((restricted, limit)) => Json(json!({ "restricted": restricted, "message_limit": limit })).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn team_member(State(world): State<World>, Path((_, recipient)): Path<(String, String)>) -> Response {
    match world.db.is_team_member(&recipient).await {
        Ok(member) => Json(json!({ "member": member })).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn sent_today(State(world): State<World>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let field = |name: &str| query.get(name).cloned().unwrap_or_default();
    let template = match world.db.template(&field("template")).await {
        Ok(Some(template)) => template,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(_) => return internal_error(500),
    };
    match world.db.sent_today(&template, &field("file"), world.clock.now()).await {
        Ok(sent) => Json(json!({ "sent": sent })).into_response(),
        Err(_) => internal_error(500),
    }
}

/// Makes a job of an uploaded file whose metadata say that it is good.
async fn create(State(world): State<World>, Json(new): Json<NewJob>) -> Response {
    let now = world.clock.now();
    let scheduled_for = match new.scheduled_for.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => match naive_utc(text) {
            Some(slot) if slot < now => return bad("Scheduled_for cannot be in the past"),
            Some(slot) if slot.duration_since(now) > AHEAD_MAX => return bad("Scheduled_for is too far ahead"),
            Some(slot) => Some(slot),
            None => return bad("Scheduled_for is not a time"),
        },
    };
    let uploads = world.store.uploads(Part::Api);
    let Ok(metadata) = uploads.metadata(SMOKE_SERVICE_ID, &new.id).await else { return internal_error(500) };
    let field = |name: &str| metadata.get(name).cloned().unwrap_or_default();
    if field("valid") != "True" {
        return bad("File is not valid, can't create job");
    }
    let template = match world.db.template(&field("template_id")).await {
        Ok(Some(template)) => template,
        Ok(None) => return bad("Template does not exist"),
        Err(_) => return internal_error(500),
    };
    let (file, count) = (field("original_file_name"), field("notification_count").parse().unwrap_or(0));
    let made = world.db.create_job(&new, &template, &file, count, scheduled_for, now).await;
    match made {
        Ok(true) => {}
        Ok(false) => return bad("Job exists already"),
        Err(_) => return internal_error(500),
    }
    world.moments.job(scheduled_for.unwrap_or(now));
    let job = new.id.clone();
    world.ledger.add(Entry::JobMade { job: job.clone(), file, scheduled_for: new.scheduled_for });
    if scheduled_for.is_none() {
        // A job for now stays pending for ever, since nobody is asked to run it.
        if let Some(error) = broker_is_away(&world).await {
            return error;
        }
        tokio::time::sleep(MOMENT).await;
        world.queues.put(JOBS, Task::ProcessJob { job });
    }
    (StatusCode::CREATED, Json(json!({ "id": new.id }))).into_response()
}

/// `2026-11-22T02:00:00`, without a zone, is UTC; a zone is taken as it stands.
fn naive_utc(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

async fn job(State(world): State<World>, Path((_, id)): Path<(String, String)>) -> Response {
    let (job, rows) = match (world.db.job(&id).await, world.db.rows(&id).await) {
        (Ok(Some(job)), Ok(rows)) => (job, rows),
        (Ok(None), _) => return StatusCode::NOT_FOUND.into_response(),
        _ => return internal_error(500),
    };
    match world.db.template(&job.template_id).await {
        Ok(template) => Json(json!({ "job": job, "rows": rows, "template": template })).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn cancel(State(world): State<World>, Path((_, id)): Path<(String, String)>) -> Response {
    match world.db.cancel_job(&id, world.clock.now()).await {
        Ok(true) => {
            world.ledger.add(Entry::JobCancelled { job: id });
            Json(json!({})).into_response()
        }
        Ok(false) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => internal_error(500),
    }
}

/// What SES tells through its topic. The real endpoint checks the message's signature.
async fn receipt(State(world): State<World>, Json(message): Json<Value>) -> Response {
    let Some(reference) = message["mail"]["messageId"].as_str() else {
        return bad("SES-SNS callback failed: invalid JSON");
    };
    let delivered = message["notificationType"] != "Bounce";
    world.queues.put(INTERNAL, Task::MailReceipt { reference: reference.to_owned(), delivered });
    Json(json!({ "result": "success", "message": "SES-SNS callback succeeded" })).into_response()
}
