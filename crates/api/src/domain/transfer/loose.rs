//! JSON of a foreign program, whose types are anybody's guess: a value of another type than the expected
//! one is as good as absent, and never an error.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A `T`, or nothing where something else stands.
#[derive(Debug, Clone)]
pub(super) struct Loose<T>(pub Option<T>);

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// What a value can be made from; whatever is not overridden makes none.
pub(super) trait Expected: Sized {
    fn of_text(_: String) -> Option<Self> {
        None
    }
    fn of_number(_: f64) -> Option<Self> {
        None
    }
    fn of_flag(_: bool) -> Option<Self> {
        None
    }
    fn of_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl Expected for String {
    fn of_text(text: String) -> Option<Self> {
        Some(text)
    }
}

impl Expected for f64 {
    fn of_number(number: f64) -> Option<Self> {
        Some(number)
    }
}

impl Expected for bool {
    fn of_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

impl<T: for<'a> Deserialize<'a>> Expected for Vec<T> {
    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut items = Self::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Some(items))
    }
}

/// Expects an object with the fields of these types.
macro_rules! expect_objects {
    ($($name:ty),+) => {$(
        impl $crate::domain::transfer::loose::Expected for $name {
            fn of_object<'de, A: serde::de::MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
                serde::Deserialize::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Some)
            }
        }
    )+};
}
pub(super) use expect_objects;

impl<'de, T: Expected> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyValue(PhantomData))
            .map(Self)
    }
}

struct AnyValue<T>(PhantomData<T>);

impl<'de, T: Expected> Visitor<'de> for AnyValue<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(T::of_flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        // Only negative numbers come here, and of those only the sign says anything.
        Ok(T::of_number(
            i32::try_from(number).map_or(f64::MIN, f64::from),
        ))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        // As seconds, 32 bits reach into the year 2106.
        Ok(T::of_number(
            u32::try_from(number).map_or(f64::MAX, f64::from),
        ))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(T::of_number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::of_text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(T::of_text(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::of_object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::of_list(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Expected>(json: &str) -> Option<T> {
        serde_json::from_str::<Loose<T>>(json).unwrap().0
    }

    #[test]
    fn another_type_is_as_good_as_absent() {
        for json in [
            "null",
            "1",
            "-1",
            "1.5",
            "true",
            "[1,[2]]",
            "{\"a\":{\"b\":[]}}",
        ] {
            assert_eq!(read::<String>(json), None, "{json}");
        }
        assert_eq!(read::<String>("\"a\\u0062\""), Some("ab".to_owned()));
        assert_eq!(read::<f64>("\"1\""), None);
        assert_eq!(read::<f64>("1.5"), Some(1.5));
        assert_eq!(read::<f64>("18446744073709551615"), Some(f64::MAX));
        assert_eq!(read::<bool>("true"), Some(true));
        assert_eq!(read::<Vec<u8>>("[1,2]"), Some(vec![1, 2]));
        assert_eq!(read::<Vec<u8>>("{}"), None);
    }
}
