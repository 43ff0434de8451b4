//! Which definitions some configuration of an architecture reaches: of the others, what is said elsewhere
//! holds here too.

use super::ArchCx;
use super::merge::Definition;
use crate::kconf::eval::Tristate;
use crate::kconf::model::MenuId;
use crate::logic::Answer;
use crate::logic::circuit::Lit;

/// Of so many menu nodes, each is asked on its own.
const FEW: usize = 100;

impl ArchCx<'_> {
    /// Whether some configuration meets the conditions of a menu node. What [`ArchCx::universal`] says
    /// elsewhere of a definition that is not reachable here holds here too.
    ///
    /// All are asked together, which is faster; where a change concerns few, each when it matters, since
    /// most claims are refuted before.
    pub fn is_reachable(&mut self, menu: MenuId) -> bool {
        if let Some(known) = self.reachable[menu.index()] {
            return known;
        }
        if !self.concerns_menu(menu) {
            return true;
        }
        let menus = (0..self.arch.model.menus.len() as u32).map(MenuId::new);
        let mut asked: Vec<MenuId> = menus.filter(|menu| self.concerns_menu(*menu)).collect();
        if self.tree.focus.is_some() && asked.len() <= FEW {
            asked = vec![menu];
        } else {
            self.reachable.fill(Some(true));
        }
        self.reach(&asked);
        self.reachable[menu.index()].unwrap_or(true)
    }

    /// Finds out which of these menu nodes are reachable.
    fn reach(&mut self, menus: &[MenuId]) {
        let model = &self.arch.model;
        let condition =
            |menu: &MenuId| vec![self.logic().expr(model.menu(*menu).dep, Tristate::Mod)];
        let conditions: Vec<Vec<Lit>> = menus.iter().map(condition).collect();
        let answers = self.logic().each(&conditions);
        for (menu, answer) in menus.iter().zip(answers) {
            self.reachable[menu.index()] = Some(answer != Answer::Impossible);
            if answer == Answer::Impossible {
                let definition = self.definition(model.menu(*menu).place);
                self.idle.insert(definition);
            }
        }
    }

    /// Asks about those of these definitions that nobody has asked about here.
    pub(super) fn reach_definitions(&mut self, definitions: &[Definition]) {
        let model = &self.arch.model;
        let is_one = |menu: &MenuId| {
            let place = model.menu(*menu).place;
            let file = model.file(place.file).name.as_str();
            definitions.iter().any(|(name, line)| &**name == file && *line == place.line)
        };
        let menus = (0..model.menus.len() as u32).map(MenuId::new);
        let menus: Vec<MenuId> =
            menus.filter(|menu| self.reachable[menu.index()].is_none() && is_one(menu)).collect();
        if !menus.is_empty() {
            self.reach(&menus);
        }
    }
}
