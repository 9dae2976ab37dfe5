//! The same seed twice is the same simulation.

use crate::aws::Freedoms;
use crate::world::simulate;

#[test]
fn a_token_is_saved_and_found_in_virtual_time() {
    let lines = simulate(1, Freedoms::none(), async |world| {
        let a = world.process("a").await;
        let saved = a
            .save("user_name=u access_token=a1 refresh_token=r1")
            .await
            .unwrap();
        let b = world.process("b").await;
        let found = b.find("user_name=u").await.unwrap();
        assert_eq!(found, Some(saved));
        assert_eq!(b.find("user_name=v").await.unwrap(), None);
        assert_eq!(world.operator().records().len(), 1);
        world.trace().lines()
    });
    println!("{}", lines.join("\n"));
}
