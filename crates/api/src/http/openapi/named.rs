//! Names for schemas that come out of the types without one.
//!
//! A generated client has a class for each named schema. utoipa writes a generic list's items, and the
//! variants of an enum, in place: clients would get a second `Project` for lists, and no type at all for
//! an event.

use std::collections::BTreeMap;

use utoipa::{
    Modify,
    openapi::{
        OpenApi, Ref, RefOr,
        schema::{ArrayItems, Discriminator, Object, Schema},
    },
};

/// Gives every schema its name.
pub(super) struct Named;

impl Modify for Named {
    fn modify(&self, description: &mut OpenApi) {
        if let Some(components) = &mut description.components {
            refer_to_items(&mut components.schemas);
            for (family, ending) in FAMILIES {
                name_variants(&mut components.schemas, family, ending);
            }
        }
    }
}

/// Types of several variants, and how the names of these end: `DeltaEvent`.
const FAMILIES: [(&str, &str); 3] = [
    ("StreamEvent", "Event"),
    ("ContentPart", "Part"),
    ("ResponseFormat", "Format"),
];

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// `Page_Project` lists what is described as `Project`.
fn refer_to_items(schemas: &mut Schemas) {
    for (name, schema) in schemas.iter_mut() {
        let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema)
        else {
            continue;
        };
        if let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items") {
            let item = RefOr::Ref(Ref::from_schema_name(item));
            items.items = ArrayItems::RefOrSchema(Box::new(item));
        }
    }
}

/// Each variant of a type becomes a schema of its own, that `type` tells apart.
fn name_variants(schemas: &mut Schemas, family: &str, ending: &str) {
    let Some(RefOr::T(Schema::OneOf(mut whole))) = schemas.remove(family) else {
        return;
    };
    let mut mapping = Vec::new();
    whole.items = whole
        .items
        .into_iter()
        .map(|variant| {
            let Some((tag, object)) = flat(&variant, schemas).and_then(tagged) else {
                return variant;
            };
            let name = in_camel_case(&tag) + ending;
            let reference = Ref::from_schema_name(&name);
            mapping.push((tag, reference.ref_location.clone()));
            schemas.insert(name, RefOr::T(Schema::Object(object)));
            RefOr::Ref(reference)
        })
        .collect();
    whole.discriminator = Some(Discriminator::with_mapping("type", mapping));
    schemas.insert(family.to_owned(), RefOr::T(Schema::OneOf(whole)));
}

/// A schema as one object: the parts of an `allOf` are put together.
fn flat(schema: &RefOr<Schema>, schemas: &Schemas) -> Option<Object> {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            flat(schemas.get(name)?, schemas)
        }
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(Schema::AllOf(all)) => {
            let mut parts = all.items.iter();
            let mut whole = flat(parts.next()?, schemas)?;
            for part in parts {
                let part = flat(part, schemas)?;
                whole.properties.extend(part.properties);
                whole.required.extend(part.required);
            }
            whole.description = all.description.clone().or(whole.description);
            Some(whole)
        }
        RefOr::T(_) => None,
    }
}

/// The one value that the object's `type` has.
fn tagged(object: Object) -> Option<(String, Object)> {
    let RefOr::T(Schema::Object(tag)) = object.properties.get("type")? else {
        return None;
    };
    let tag = tag.enum_values.as_ref()?.first()?.as_str()?.to_owned();
    Some((tag, object))
}

/// `json_schema` as `JsonSchema`.
fn in_camel_case(tag: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    tag.split('_').map(word).collect()
}
