//! The Merkle tree of RFC 9162 section 2.1, with SHA-256. Start at [`Frontier`], which grows a tree leaf by leaf.
//!
//! A *subtree* is complete: `level` 0 is a leaf, `level` k has 2^k leaves, and `position` counts the subtrees of a level
//! from the left. The same leaves always make the same subtrees, so those may be kept for ever.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of a leaf: `SHA-256(0x00 || bytes)`.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(bytes).finalize().into()
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0x01; 65];
    bytes.iter_mut().skip(1).zip(left.iter().chain(right)).for_each(|(to, from)| *to = *from);
    Sha256::digest(bytes).into()
}

/// The hash of a tree without leaves: that of no bytes.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The right edge of a tree: all that is needed to add leaves and to tell the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// The roots of the complete subtrees that the tree is made of, the largest first: one for each bit of `size`.
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree of so many leaves, from the roots that [`peaks`] names; none if they are more or fewer.
    #[must_use]
    pub fn restore(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (u32::try_from(roots.len()) == Ok(size.count_ones())).then_some(Self { size, roots })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash, and tells of each subtree that it completes: level, position, hash.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u8, u64, &Hash)) {
        let (mut hash, mut level, mut position) = (leaf, 0, self.size);
        completed(level, position, &hash);
        while position & 1 == 1 {
            let Some(left) = self.roots.pop() else { break }; // never: a bit that is set has its root
            hash = node_hash(&left, &hash);
            level += 1;
            position >>= 1;
            completed(level, position, &hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The tree's root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.roots.iter().rev();
        let Some(last) = from_the_right.next() else { return empty_root() };
        from_the_right.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The complete subtrees that a tree of so many leaves is made of, from the left: level and position.
pub fn peaks(size: u64) -> impl Iterator<Item = (u8, u64)> {
    (0..64_u8).rev().filter(move |level| size >> level & 1 == 1).map(move |level| (level, (size >> level) - 1))
}

#[cfg(test)]
mod tests {
    use super::{Frontier, Hash, empty_root, leaf_hash, node_hash, peaks};

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The leaves and roots that Certificate Transparency implementations have been held to since RFC 6962.
    #[test]
    fn the_roots_are_those_of_the_known_vectors() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        assert_eq!(hex(&empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let mut tree = Frontier::default();
        assert_eq!(tree.root(), empty_root());
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.push(leaf_hash(leaf), |_, _, _| {});
            assert_eq!(hex(&tree.root()), root, "{} leaves", tree.size());
        }
    }

    #[test]
    fn each_subtree_is_told_once_it_is_complete() {
        let mut told = Vec::new();
        let mut tree = Frontier::default();
        for leaf in 0..5_u8 {
            tree.push([leaf; 32], |level, position, hash| told.push((level, position, *hash)));
        }
        let pair = |left: u8| node_hash(&[left; 32], &[left + 1; 32]);
        assert_eq!(
            told,
            [
                (0, 0, [0; 32]),
                (0, 1, [1; 32]),
                (1, 0, pair(0)),
                (0, 2, [2; 32]),
                (0, 3, [3; 32]),
                (1, 1, pair(2)),
                (2, 0, node_hash(&pair(0), &pair(2))),
                (0, 4, [4; 32]),
            ]
        );
    }

    #[test]
    fn a_frontier_is_restored_from_its_peaks_alone() {
        assert_eq!(peaks(0).next(), None);
        assert_eq!(peaks(13).collect::<Vec<_>>(), [(3, 0), (2, 2), (0, 12)]);
        let mut known = std::collections::BTreeMap::new();
        let mut tree = Frontier::default();
        for leaf in 0..200_u8 {
            let restored = Frontier::restore(tree.size(), peaks(tree.size()).map(|it| known[&it]).collect()).unwrap();
            assert_eq!(restored, tree);
            tree.push([leaf; 32], |level, position, hash| {
                known.insert((level, position), *hash);
            });
        }
        assert_eq!(Frontier::restore(3, vec![[0; 32]]), None);
    }
}
