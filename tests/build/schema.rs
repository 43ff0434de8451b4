//! `run.json` is what its committed schema says, and samples of every version stay readable.

use super::*;

pub fn check(name: &str, instance: &serde_json::Value) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema/run.schema.json");
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    support::schema::valid(&schema, &schema, instance, "$").map_err(|why| format!("{name}: {why}"))
}

fn sample() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/run.v1.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_sample_of_version_1_is_valid_and_readable() {
    let sample = sample();
    check("sample", &sample).unwrap();
    let run: Run = serde_json::from_value(sample.clone()).unwrap();
    assert_eq!(serde_json::to_value(run).unwrap(), sample, "nothing is lost");
}

#[test]
fn what_build_writes_is_valid() {
    let Some(place) = Place::new() else { return };
    place.run(3, &["--option=ZONE_DEVICE,BROKEN_DRIVER=n,NO_SUCH_OPTION"]);
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(place.out().join(name)).unwrap()).unwrap()
    };
    check("with a dropped request", &read("run.json")).unwrap();
    place.run(0, &["--option=ZONE_DEVICE"]);
    check("built", &read("run.json")).unwrap();
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let good = sample();
    let damage: [(&str, serde_json::Value); 5] = [
        ("/schema", 2.into()),
        ("/cells/0/status/state", "perhaps".into()),
        ("/cells/0/wall_s", (-1).into()),
        ("/cells/0/measured/size/text", "many".into()),
        ("/cells/0/target", serde_json::json!({"kind": "scope"})),
    ];
    for (place, value) in damage {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        assert!(check(place, &bad).is_err(), "{place}");
    }
    let mut bad = good;
    bad["cells"][0]["surprise"] = 1.into();
    assert!(check("unknown key", &bad).is_err());
}
