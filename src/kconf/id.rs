//! Numbers of things in tables, which have room for "none".
//!
//! A node of a tree may have nine others, a property six: with four bytes for each instead of eight, a model
//! of Linux is a fifth smaller.

/// Declares the number of something in a table.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(std::num::NonZeroU32);

        impl $name {
            /// The number `number`, counted from 0.
            #[inline]
            pub const fn new(number: u32) -> Self {
                Self(std::num::NonZeroU32::MIN.saturating_add(number))
            }

            /// The number, counted from 0.
            #[inline]
            pub const fn number(self) -> u32 {
                self.0.get() - 1
            }

            /// The number as an index.
            #[inline]
            pub const fn index(self) -> usize {
                self.number() as usize
            }
        }
    };
}

pub(crate) use id;
