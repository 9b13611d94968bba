//! The tables as Diesel sees them; `migrations/` is what makes them.
//!
//! Ids and enums are `Text`, times are naive UTC `Timestamp`s, JSON is `Text`: the types that all
//! databases share.

diesel::table! {
    users (id) {
        id -> Text,
        email -> Text,
        email_key -> Text,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        key_hash -> Text,
        user_id -> Text,
        state -> Text,
        user_agent -> Nullable<Text>,
        ip_address -> Nullable<Text>,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    projects (id) {
        id -> Text,
        owner_id -> Text,
        name -> Text,
        description -> Text,
        system_prompt -> Text,
        model -> Text,
        parameters -> Text,
        prompt_version -> Integer,
        revision -> BigInt,
        last_activity_at -> Timestamp,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    prompt_versions (id) {
        id -> Text,
        project_id -> Text,
        number -> Integer,
        system_prompt -> Text,
        model -> Text,
        parameters -> Text,
        author_id -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    files (id) {
        id -> Text,
        project_id -> Text,
        name -> Text,
        size -> BigInt,
        content_type -> Text,
        sha256 -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    blob_garbage (blob_id) {
        blob_id -> Text,
        since -> Timestamp,
    }
}

diesel::table! {
    conversations (id) {
        id -> Text,
        project_id -> Text,
        owner_id -> Text,
        title -> Text,
        titled_by -> Text,
        pinned -> Bool,
        archived -> Bool,
        active_message_id -> Nullable<Text>,
        last_activity_at -> Timestamp,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    messages (id) {
        id -> Text,
        conversation_id -> Text,
        parent_id -> Nullable<Text>,
        role -> Text,
        content -> Text,
        reasoning -> Nullable<Text>,
        status -> Text,
        model -> Nullable<Text>,
        prompt_version -> Nullable<Integer>,
        finish_reason -> Nullable<Text>,
        prompt_tokens -> Nullable<BigInt>,
        completion_tokens -> Nullable<BigInt>,
        cost_usd -> Nullable<Text>,
        problem -> Nullable<Text>,
        generation_id -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        attachments -> Nullable<Text>,
        requested_model -> Nullable<Text>,
        fallbacks -> Nullable<Text>,
        omitted -> Nullable<Text>,
        cached_tokens -> Nullable<BigInt>,
        reasoning_tokens -> Nullable<BigInt>,
        cost_is_estimate -> Bool,
        tokens_are_estimate -> Bool,
        first_token_ms -> Nullable<BigInt>,
        duration_ms -> Nullable<BigInt>,
        response_model -> Nullable<Text>,
    }
}

diesel::table! {
    usage_records (owner_id, day, model, id) {
        owner_id -> Text,
        day -> Text,
        model -> Text,
        id -> Text,
        purpose -> Text,
        project_id -> Text,
        conversation_id -> Text,
        prompt_tokens -> Nullable<BigInt>,
        cached_tokens -> Nullable<BigInt>,
        completion_tokens -> Nullable<BigInt>,
        reasoning_tokens -> Nullable<BigInt>,
        cost_usd -> Nullable<Text>,
        cost_is_estimate -> Bool,
        tokens_are_estimate -> Bool,
        first_token_ms -> Nullable<BigInt>,
        duration_ms -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    generations (id) {
        id -> Text,
        conversation_id -> Text,
        user_message_id -> Text,
        assistant_message_id -> Text,
        owner_id -> Text,
        model -> Text,
        status -> Text,
        lease_owner -> Text,
        lease_expires_at -> Timestamp,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    search_entries (id) {
        id -> BigInt,
        conversation_id -> Text,
        message_id -> Nullable<Text>,
    }
}

diesel::table! {
    search_queue (id) {
        id -> BigInt,
        conversation_id -> Text,
        message_id -> Nullable<Text>,
    }
}

diesel::table! {
    providers (id) {
        id -> Text,
        owner_id -> Text,
        slug -> Text,
        preset -> Text,
        name -> Text,
        base_url -> Nullable<Text>,
        sealed_key -> Nullable<Text>,
        key_hint -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    model_lists (digest) {
        digest -> Text,
        models -> Text,
    }
}

diesel::table! {
    catalogues (id) {
        id -> Text,
        provider_id -> Nullable<Text>,
        status -> Text,
        problem -> Nullable<Text>,
        digest -> Nullable<Text>,
        model_count -> Integer,
        checked_at -> Timestamp,
    }
}

diesel::joinable!(files -> projects (project_id));
diesel::joinable!(messages -> conversations (conversation_id));
diesel::joinable!(catalogues -> providers (provider_id));

diesel::allow_tables_to_appear_in_same_query!(
    conversations,
    messages,
    search_entries,
    search_queue,
);
diesel::allow_tables_to_appear_in_same_query!(blob_garbage, files, projects);
diesel::allow_tables_to_appear_in_same_query!(catalogues, model_lists, providers);
