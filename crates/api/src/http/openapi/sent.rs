//! What answers always have, and what a header cannot be.
//!
//! utoipa takes every `Option` for a field that may be left out, as it may in a request. Answers of this
//! server have all their fields, `null` where there is no value: a client should not have to ask twice.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::{
    Modify,
    openapi::{
        OpenApi, RefOr,
        path::{Operation, Parameter, PathItem},
        schema::{AdditionalProperties, ArrayItems, Schema, SchemaType, Type},
    },
};

/// Prices of which only those that a provider has are sent.
const PARTIAL: [&str; 1] = ["Pricing"];

/// Says which fields are always there, and that no parameter is ever `null`.
pub(super) struct Sent;

impl Modify for Sent {
    fn modify(&self, description: &mut OpenApi) {
        let Some(components) = &mut description.components else {
            return;
        };
        let mut received = BTreeSet::new();
        for operation in description.paths.paths.values().flat_map(operations) {
            let Some(RefOr::T(body)) = &operation.request_body else {
                continue;
            };
            for content in body.content.values() {
                if let RefOr::T(content) = content
                    && let Some(schema) = &content.schema
                {
                    collect(schema, &components.schemas, &mut received);
                }
            }
        }
        for (name, schema) in &mut components.schemas {
            let is_whole = !received.contains(name) && !PARTIAL.contains(&name.as_str());
            if let (true, RefOr::T(Schema::Object(object))) = (is_whole, schema) {
                object.required = object.properties.keys().cloned().collect();
            }
        }
        let items = description.paths.paths.values_mut();
        let parameters = items
            .flat_map(operations_mut)
            .flat_map(|it| &mut it.parameters);
        parameters.flatten().for_each(never_null);
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    let all = [&item.get, &item.post, &item.put, &item.patch, &item.delete];
    all.into_iter().flatten()
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}

fn never_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
        && let SchemaType::Array(types) = &object.schema_type
    {
        let mut types = types.iter().filter(|kind| **kind != Type::Null);
        if let (Some(only), None) = (types.next(), types.next()) {
            object.schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// The names that a schema refers to, however far.
fn collect(
    schema: &RefOr<Schema>,
    schemas: &BTreeMap<String, RefOr<Schema>>,
    names: &mut BTreeSet<String>,
) {
    let mut more = |schema: &RefOr<Schema>| collect(schema, schemas, names);
    match schema {
        RefOr::Ref(reference) => {
            let name = reference
                .ref_location
                .rsplit('/')
                .next()
                .unwrap_or_default();
            if let Some(schema) = schemas.get(name)
                && names.insert(name.to_owned())
            {
                collect(schema, schemas, names);
            }
        }
        RefOr::T(Schema::Object(object)) => {
            object.properties.values().for_each(&mut more);
            if let Some(AdditionalProperties::RefOr(schema)) =
                object.additional_properties.as_deref()
            {
                more(schema);
            }
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &array.items {
                more(items);
            }
        }
        RefOr::T(Schema::OneOf(one)) => one.items.iter().for_each(more),
        RefOr::T(Schema::AllOf(all)) => all.items.iter().for_each(more),
        RefOr::T(Schema::AnyOf(any)) => any.items.iter().for_each(more),
        RefOr::T(_) => {}
    }
}
