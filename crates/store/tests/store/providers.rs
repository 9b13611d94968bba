//! Accounts with providers, and what is known of their models.

use chrono::Duration;
use prompthub_dto::ids::{ProviderId, UserId};
use prompthub_store::{
    CatalogueStatus, Store, StoreError,
    catalogues::{self, CatalogueRow, ModelList},
    providers::{self, ProviderPatch, ProviderRow, SealedKey},
    users,
};

use crate::support::{add_user, at, on_every_database, read, write};

fn account(owner: UserId, slug: &str) -> ProviderRow {
    ProviderRow {
        id: ProviderId::new(),
        owner_id: owner,
        slug: slug.to_owned(),
        preset: "groq".to_owned(),
        name: format!("Mine: {slug}"),
        base_url: Some("https://models.example.com/v1".to_owned()),
        sealed_key: Some("v1.sealed".to_owned()),
        key_hint: Some("x7Qf".to_owned()),
        created_at: at(1),
        updated_at: at(1),
    }
}

async fn add(store: &Store, row: &ProviderRow) {
    let row = row.clone();
    write(store, move |conn| providers::insert(conn, &row)).await;
}

fn catalogue(provider: Option<ProviderId>, id: &str, digest: Option<&str>) -> CatalogueRow {
    CatalogueRow {
        id: id.to_owned(),
        provider_id: provider,
        status: CatalogueStatus::Ready,
        problem: None,
        digest: digest.map(str::to_owned),
        model_count: 2,
        checked_at: at(5),
    }
}

async fn keep(store: &Store, row: &CatalogueRow, models: Option<&str>) {
    let list = row.digest.clone().zip(models.map(str::to_owned));
    let (row, list) = (
        row.clone(),
        list.map(|(digest, models)| ModelList { digest, models }),
    );
    write(store, move |conn| {
        catalogues::store(conn, &row, list.as_ref())
    })
    .await;
}

async fn list_of(store: &Store, digest: &'static str) -> Option<String> {
    read(store, move |conn| catalogues::find_list(conn, digest)).await
}

on_every_database! {
    async fn accounts_are_listed_by_name_in_the_same_order_everywhere(store: Store) {
        let ada = add_user(&store, "ada").await.id;
        for (slug, name) in [("1", "b"), ("2", "ä"), ("3", "A"), ("4", "a-b"), ("5", "a"), ("6", "a b"), ("7", "Z")] {
            add(&store, &ProviderRow { name: name.to_owned(), ..account(ada, slug) }).await;
        }
        let listed = read(&store, move |conn| providers::list(conn, ada)).await;
        let slugs: Vec<_> = listed.iter().map(|(row, _)| row.slug.as_str()).collect();
        assert_eq!(slugs, ["3", "5", "6", "4", "1", "7", "2"]);
    }

    async fn an_account_is_its_owners_alone(store: Store) {
        let ada = add_user(&store, "ada").await.id;
        let bob = add_user(&store, "bob").await.id;
        let (first, second) = (account(ada, "a"), account(bob, "a"));
        add(&store, &first).await;
        add(&store, &second).await;
        let taken = account(ada, "a");
        let refused = store.write(move |conn| providers::insert(conn, &taken)).await.unwrap_err();
        assert!(refused.is_unique("providers.slug"), "{refused:?}");

        let id = first.id;
        assert_eq!(read(&store, move |conn| providers::find(conn, ada, id)).await, Some((first.clone(), None)));
        assert_eq!(read(&store, move |conn| providers::find(conn, bob, id)).await, None);
        assert_eq!(read(&store, move |conn| providers::find_by_slug(conn, bob, "a")).await, Some((second.clone(), None)));
        assert_eq!(read(&store, move |conn| providers::find_by_slug(conn, bob, "b")).await, None);
        assert_eq!(read(&store, move |conn| providers::slugs(conn, ada)).await, ["a"]);

        let patch = ProviderPatch { name: Some("X".to_owned()), ..ProviderPatch::default() };
        let theirs = patch.clone();
        assert!(!write(&store, move |conn| providers::update(conn, bob, id, &theirs, at(2))).await);
        assert!(!write(&store, move |conn| providers::delete(conn, bob, id)).await);
        assert!(write(&store, move |conn| providers::update(conn, ada, id, &patch, at(2))).await);
        let renamed = ProviderRow { name: "X".to_owned(), updated_at: at(2), ..first };
        assert_eq!(read(&store, move |conn| providers::list(conn, ada)).await, [(renamed, None)]);
        assert!(write(&store, move |conn| providers::delete(conn, ada, id)).await);
        assert_eq!(read(&store, move |conn| providers::list(conn, ada)).await, []);
    }

    async fn values_can_be_taken_away(store: Store) {
        let ada = add_user(&store, "ada").await.id;
        let row = account(ada, "a");
        add(&store, &row).await;
        let id = row.id;
        let patch = ProviderPatch { base_url: Some(None), key: Some(None), ..ProviderPatch::default() };
        write(&store, move |conn| providers::update(conn, ada, id, &patch, at(2))).await;
        let bare = ProviderRow { base_url: None, sealed_key: None, key_hint: None, updated_at: at(2), ..row };
        assert_eq!(read(&store, move |conn| providers::find(conn, ada, id)).await, Some((bare, None)));
        let key = SealedKey { sealed: "v1.other".to_owned(), hint: None };
        let patch = ProviderPatch { key: Some(Some(key)), ..ProviderPatch::default() };
        write(&store, move |conn| providers::update(conn, ada, id, &patch, at(3))).await;
        let keys = read(&store, providers::sealed_keys).await;
        let [key] = &keys[..] else { panic!("{}", keys.len()) };
        assert_eq!((key.id, key.owner_id, key.sealed.as_str()), (id, ada, "v1.other"));
        write(&store, move |conn| providers::reseal(conn, id, "v1.anew")).await;
        let row = read(&store, move |conn| providers::find(conn, ada, id)).await.unwrap().0;
        assert_eq!((row.sealed_key.as_deref(), row.updated_at), (Some("v1.anew"), at(3)));
    }

    async fn accounts_share_a_list_and_the_last_one_takes_it_along(store: Store) {
        let ada = add_user(&store, "ada").await.id;
        let (first, second) = (account(ada, "a"), account(ada, "b"));
        add(&store, &first).await;
        add(&store, &second).await;
        let of = |row: &ProviderRow, digest| catalogue(Some(row.id), row.id.as_str(), digest);
        keep(&store, &of(&first, Some("d1")), Some("[1]")).await;
        keep(&store, &of(&second, Some("d1")), Some("[1]")).await;
        keep(&store, &catalogue(None, "openrouter", Some("d2")), Some("[2]")).await;
        let (id, expected) = (first.id, of(&first, Some("d1")));
        assert_eq!(read(&store, move |conn| providers::find(conn, ada, id)).await.unwrap().1, Some(expected));

        // A newer list takes the place of the old one, which the other account still has.
        keep(&store, &of(&first, Some("d3")), Some("[3]")).await;
        assert_eq!(list_of(&store, "d1").await.as_deref(), Some("[1]"));
        write(&store, move |conn| providers::delete(conn, ada, second.id)).await;
        let failed = CatalogueRow {
            status: CatalogueStatus::Failed,
            problem: Some("no".to_owned()),
            checked_at: at(5) + Duration::seconds(1),
            ..catalogue(None, "openrouter", Some("d2"))
        };
        keep(&store, &failed, None).await;
        assert_eq!(list_of(&store, "d1").await, None);
        assert_eq!(list_of(&store, "d2").await.as_deref(), Some("[2]"));
        assert_eq!(list_of(&store, "d3").await.as_deref(), Some("[3]"));
        assert_eq!(read(&store, |conn| catalogues::find(conn, "openrouter")).await, Some(failed));

        write(&store, move |conn| catalogues::delete(conn, id)).await;
        assert_eq!(read(&store, move |conn| providers::find(conn, ada, id)).await.unwrap().1, None);
    }

    async fn an_account_goes_with_its_owner(store: Store) {
        let ada = add_user(&store, "ada").await.id;
        let row = account(ada, "a");
        add(&store, &row).await;
        let known = catalogue(Some(row.id), row.id.as_str(), None);
        keep(&store, &known, None).await;
        write(&store, move |conn| users::delete(conn, ada)).await;
        assert_eq!(read(&store, move |conn| providers::list(conn, ada)).await, []);
        let id = row.id;
        assert_eq!(read(&store, move |conn| catalogues::find(conn, id.as_str())).await, None);
        // What comes for it afterwards is refused.
        let late = store.write(move |conn| catalogues::store(conn, &known, None)).await;
        assert!(matches!(late, Err(StoreError::ForeignKey(_))), "{late:?}");
    }
}
