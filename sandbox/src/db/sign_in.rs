//! Passwords, texted codes, and the one session that a user has. Limits and rules are the observed service's.

use jiff::Timestamp;

use super::{Db, Query, seconds};

/// Wrong passwords and codes together; from here on even the right ones are refused.
const FAILED_LOGINS_MAX: i32 = 10;
/// Live unused codes of one user; the next request sends nothing and says nothing.
const LIVE_CODES_MAX: i64 = 5;
const CODE_LIFETIME_S: f64 = 30.0 * 60.0;
/// After this, a reader of the mailbox has to show again that it is his.
const REVALIDATE_AFTER_DAYS: i32 = 90;

/// What became of a code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CodeAnswer {
    NotFound,
    /// Expired, or used before.
    Expired,
    /// The new session, and whether the e-mail address has to be shown again first.
    Good {
        session: String,
        revalidate: bool,
    },
}

impl Db {
    /// Whether this is the active user's password; counts the wrong ones.
    pub(crate) async fn password_is_right(&self, email: &str, password: &str) -> Query<bool> {
        let check = "
            UPDATE users SET failed_login_count =
                CASE WHEN _password = crypt($2::text, _password) THEN 0 ELSE failed_login_count + 1 END
            WHERE lower(email_address) = lower($1) AND state = 'active' AND failed_login_count < $3
            RETURNING failed_login_count = 0";
        let row = self.client.query_opt(check, &[&email, &password, &FAILED_LOGINS_MAX]).await?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    /// Keeps a new code, unless too many are live. Gives the number to text it to.
    pub(crate) async fn keep_code(&self, email: &str, code: &str, clock: Timestamp) -> Query<Option<String>> {
        let insert = "
            WITH who AS (SELECT id, mobile_number FROM users WHERE lower(email_address) = lower($1)),
                live AS (SELECT count(*) AS n FROM verify_codes, who WHERE user_id = who.id AND NOT code_used
                    AND expiry_datetime > to_timestamp($3) AT TIME ZONE 'utc'),
                made AS (INSERT INTO verify_codes (user_id, _code, code_type, expiry_datetime)
                    SELECT who.id, crypt($2::text, gen_salt('bf', 4)), 'sms', to_timestamp($3 + $4) AT TIME ZONE 'utc'
                    FROM who, live WHERE live.n < $5 RETURNING user_id)
            SELECT mobile_number FROM who JOIN made ON made.user_id = who.id";
        let now = seconds(clock);
        let row = self.client.query_opt(insert, &[&email, &code, &now, &CODE_LIFETIME_S, &LIVE_CODES_MAX]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Tries a code: any live one counts, also an older one, and each only once.
    pub(crate) async fn try_code(&self, email: &str, code: &str, clock: Timestamp) -> Query<CodeAnswer> {
        let find = "
            SELECT c.id::text, c.code_used OR c.expiry_datetime <= to_timestamp($3) AT TIME ZONE 'utc'
            FROM verify_codes c JOIN users u ON u.id = c.user_id
            WHERE lower(u.email_address) = lower($1) AND u.failed_login_count < $4 AND c._code = crypt($2::text, c._code)
            ORDER BY c.created_at DESC LIMIT 1";
        let now = seconds(clock);
        let found = self.client.query_opt(find, &[&email, &code, &now, &FAILED_LOGINS_MAX]).await?;
        let good = found.as_ref().filter(|row| !row.get::<_, bool>(1)).map(|row| row.get::<_, String>(0));
        let Some(good) = good else {
            let count =
                "UPDATE users SET failed_login_count = failed_login_count + 1 WHERE lower(email_address) = lower($1)";
            self.client.execute(count, &[&email]).await?;
            return Ok(if found.is_some() { CodeAnswer::Expired } else { CodeAnswer::NotFound });
        };
        self.client.execute("UPDATE verify_codes SET code_used = true WHERE id = $1::text::uuid", &[&good]).await?;
        let sign_in = "
            UPDATE users SET failed_login_count = 0, current_session_id = gen_random_uuid(),
                logged_in_at = now() AT TIME ZONE 'utc'
            WHERE lower(email_address) = lower($1)
            RETURNING current_session_id::text,
                email_access_validated_at < to_timestamp($2) AT TIME ZONE 'utc' - make_interval(days => $3)";
        let row = self.client.query_one(sign_in, &[&email, &now, &REVALIDATE_AFTER_DAYS]).await?;
        Ok(CodeAnswer::Good { session: row.get(0), revalidate: row.get(1) })
    }

    /// The session that counts for a user; an older browser is thrown out.
    pub(crate) async fn current_session(&self, email: &str) -> Query<Option<String>> {
        let query = "SELECT current_session_id::text FROM users WHERE lower(email_address) = lower($1)";
        Ok(self.client.query_opt(query, &[&email]).await?.and_then(|row| row.get(0)))
    }

    /// Ends the session.
    pub(crate) async fn sign_out(&self, email: &str) -> Query<()> {
        let update = "UPDATE users SET current_session_id = NULL WHERE lower(email_address) = lower($1)";
        self.client.execute(update, &[&email]).await.map(|_| ())
    }
}
