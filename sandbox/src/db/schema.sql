-- The part of the real service's schema that is used here. Names, types and status words as observed.
CREATE EXTENSION pgcrypto; -- bcrypt, as the real service keeps passwords and codes
CREATE TABLE services (
    id uuid PRIMARY KEY,
    name varchar NOT NULL UNIQUE,
    email_from text NOT NULL UNIQUE,
    active boolean NOT NULL DEFAULT true,
    restricted boolean NOT NULL DEFAULT true,
    message_limit bigint NOT NULL DEFAULT 50,
    prefix_sms boolean NOT NULL DEFAULT true,
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
CREATE TABLE templates (
    id uuid PRIMARY KEY,
    service_id uuid NOT NULL REFERENCES services (id),
    name varchar(255) NOT NULL,
    template_type text NOT NULL,
    subject text,
    content text NOT NULL,
    version integer NOT NULL DEFAULT 1
);
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    original_file_name varchar NOT NULL,
    service_id uuid NOT NULL REFERENCES services (id),
    template_id uuid NOT NULL REFERENCES templates (id),
    template_version integer NOT NULL,
    notification_count integer NOT NULL,
    created_by_id uuid NOT NULL REFERENCES users (id),
    created_at timestamp NOT NULL,
    updated_at timestamp,
    processing_started timestamp,
    processing_finished timestamp,
    scheduled_for timestamp,
    job_status varchar(255) NOT NULL
);
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    service_id uuid REFERENCES services (id),
    job_id uuid REFERENCES jobs (id),
    job_row_number integer,
    template_id uuid REFERENCES templates (id),
    template_version integer,
    _personalisation text,
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
