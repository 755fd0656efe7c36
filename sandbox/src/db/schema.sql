-- The part of the real service's schema that is used here. Names, types and status words as observed.
CREATE EXTENSION pgcrypto; -- bcrypt, as the real service keeps passwords and codes
CREATE TABLE services (
    id uuid PRIMARY KEY,
    name varchar NOT NULL UNIQUE,
    email_from text NOT NULL UNIQUE,
    active boolean NOT NULL DEFAULT true,
    restricted boolean NOT NULL DEFAULT true,
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')
);
CREATE TABLE users (
    id uuid PRIMARY KEY,
    name varchar NOT NULL,
    email_address varchar(255) NOT NULL UNIQUE,
    mobile_number varchar,
    _password varchar NOT NULL,
    state varchar NOT NULL,
    failed_login_count integer NOT NULL DEFAULT 0,
    current_session_id uuid,
    logged_in_at timestamp,
    password_changed_at timestamp,
    email_access_validated_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')
);
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    service_id uuid REFERENCES services (id),
    job_id uuid,
    job_row_number integer,
    notification_type text NOT NULL,
    key_type text NOT NULL DEFAULT 'normal',
    "to" varchar NOT NULL,
    normalised_to varchar,
    notification_status text NOT NULL,
    reference varchar,
    sent_by varchar,
    billable_units integer NOT NULL DEFAULT 0,
    provider_response text,
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    sent_at timestamp,
    updated_at timestamp
);
CREATE TABLE verify_codes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    _code varchar NOT NULL,
    code_type text NOT NULL,
    expiry_datetime timestamp NOT NULL,
    code_used boolean NOT NULL DEFAULT false,
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')
);
