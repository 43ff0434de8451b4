//! Deals the cells of a matrix out to shards that cost about the same.
//!
//! The longest first, each to the shard with the least to do: at worst 4/3 of the best possible.
//! Cells with the same inputs stay together, for they are built once.

use crate::model::shards::{Cost, Shard};

/// At most `count` shards, none of them empty.
pub fn deal(costs: &[Cost], count: usize) -> Vec<Shard> {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    let mut group_of: Vec<usize> = Vec::new();
    for (at, cost) in costs.iter().enumerate() {
        let known =
            cost.same_as.as_ref().and_then(|id| costs[..at].iter().position(|c| c.id == *id));
        let group = known.map_or(groups.len(), |first| group_of[first]);
        if group == groups.len() {
            groups.push((0.0, Vec::new()));
        }
        groups[group].0 += cost.cpu_s;
        groups[group].1.push(at);
        group_of.push(group);
    }
    groups.sort_by(|a, b| b.0.total_cmp(&a.0));
    let count = count.clamp(1, groups.len().max(1));
    let mut piles: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new()); count];
    for (cost, cells) in groups {
        let least = (0..count).min_by(|&a, &b| piles[a].0.total_cmp(&piles[b].0)).unwrap_or(0);
        piles[least].0 += cost;
        piles[least].1.extend(cells);
    }
    piles.retain(|(_, cells)| !cells.is_empty());
    let all = piles.len();
    let shards = piles.into_iter().enumerate().map(|(number, (cpu_s, mut cells))| {
        cells.sort_unstable();
        Shard {
            name: format!("{}-of-{all}", number + 1),
            cells: cells.into_iter().map(|at| costs[at].id.clone()).collect(),
            cpu_s: (cpu_s * 10.0).round() / 10.0,
        }
    });
    shards.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::shards::Origin;

    fn costs(numbers: &[f64]) -> Vec<Cost> {
        let cost = |(at, &cpu_s): (usize, &f64)| Cost {
            id: format!("arm/s/{at}"),
            cpu_s,
            objects: None,
            from: Origin::Measured,
            same_as: None,
        };
        numbers.iter().enumerate().map(cost).collect()
    }

    /// The least that the longest of `count` shards can take, by trying everything.
    fn best(numbers: &[f64], piles: &mut Vec<f64>) -> f64 {
        let Some((first, rest)) = numbers.split_first() else {
            return piles.iter().copied().fold(0.0, f64::max);
        };
        let mut least = f64::INFINITY;
        for pile in 0..piles.len() {
            piles[pile] += first;
            least = least.min(best(rest, piles));
            piles[pile] -= first;
        }
        least
    }

    #[test]
    fn every_cell_is_dealt_once_and_no_shard_is_much_too_long() {
        let mut seed = 7u64;
        let mut even = 0;
        for round in 0..200 {
            let numbers: Vec<f64> = (0..7)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                    ((seed >> 40) % 100 + 1) as f64
                })
                .collect();
            let count = 1 + round % 4;
            let shards = deal(&costs(&numbers), count);
            let mut ids: Vec<&String> = shards.iter().flat_map(|shard| &shard.cells).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 7);
            assert!(shards.len() <= count && shards.iter().all(|shard| !shard.cells.is_empty()));
            let longest = shards.iter().map(|shard| shard.cpu_s).fold(0.0, f64::max);
            let best = best(&numbers, &mut vec![0.0; count]);
            assert!(longest <= best * 4.0 / 3.0 + 0.1, "{longest} {best}");
            even += usize::from(longest <= best + 0.1);
        }
        assert!(even > 120, "{even}");
    }

    #[test]
    fn cells_of_the_same_inputs_stay_together() {
        let mut costs = costs(&[5.0, 0.0, 5.0, 0.0]);
        costs[1].same_as = Some("arm/s/0".into());
        costs[3].same_as = Some("arm/s/1".into());
        let shards = deal(&costs, 9);
        let cells: Vec<&[String]> = shards.iter().map(|shard| &shard.cells[..]).collect();
        assert_eq!(cells, [&["arm/s/0", "arm/s/1", "arm/s/3"][..], &["arm/s/2"]]);
        assert_eq!(deal(&[], 3), []);
    }
}
