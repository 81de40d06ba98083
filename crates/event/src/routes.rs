//! Where the values of a path go in a batch, worked out once per path.

use std::cell::RefCell;

use hashbrown::HashMap;

use crate::field::{Field, FieldType};

/// Most paths without a column of their own whose routes are remembered. Paths are made by whoever writes documents,
/// so their number has to be bounded.
const MAX_LEARNT: usize = 1 << 16;

/// Where the values of a path go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route {
    pub(crate) columns: Vec<u32>,
    pub(crate) is_time: bool,
    /// Whether the path is read at all: by a column, as the time, or as part of a whole object.
    pub(crate) is_wanted: bool,
}

/// The routes of a batch with these fields.
#[derive(Debug)]
pub(crate) struct Routes {
    /// Of the paths of columns and of the time.
    fixed: Vec<Route>,
    /// Their numbers.
    numbers: HashMap<Box<str>, u32>,
    /// Of other paths, as they come: those that patterns match, and those that nobody wants.
    learnt: RefCell<HashMap<Box<str>, Route>>,
    /// The columns that have values of many paths; mostly there are few.
    patterns: Vec<(u32, Field)>,
    /// By path: the columns of whole objects.
    objects: HashMap<String, Vec<u32>>,
}

impl Routes {
    /// Those of columns with these fields, in that order.
    pub(crate) fn new(fields: &[Field], time_path: &str) -> Routes {
        let mut routes = Routes {
            fixed: Vec::new(),
            numbers: HashMap::new(),
            learnt: RefCell::default(),
            patterns: Vec::new(),
            objects: HashMap::new(),
        };
        routes.fix(time_path).is_time = true;
        for (id, field) in (0..).zip(fields) {
            if field.ty() == FieldType::Object {
                routes.objects.entry(field.path().to_owned()).or_default().push(id);
            } else if field.is_pattern() {
                routes.patterns.push((id, field.clone()));
            } else {
                routes.fix(field.path()).columns.push(id);
            }
        }
        let mut fixed = std::mem::take(&mut routes.fixed);
        for (path, number) in &routes.numbers {
            routes.complete(path, &mut fixed[*number as usize]);
        }
        routes.fixed = fixed;
        routes
    }

    /// The route of a path that is never forgotten.
    fn fix(&mut self, path: &str) -> &mut Route {
        let next = self.fixed.len() as u32;
        let number = *self.numbers.entry(path.into()).or_insert(next);
        if number == next {
            self.fixed.push(Route::default());
        }
        &mut self.fixed[number as usize]
    }

    /// Adds what patterns and objects have to do with a path.
    fn complete(&self, path: &str, route: &mut Route) {
        let covering = self.patterns.iter().filter(|(_, field)| field.covers(path));
        route.columns.extend(covering.map(|(id, _)| *id));
        let is_within = |object: &String| {
            path.strip_prefix(&**object).is_some_and(|rest| rest.starts_with('.'))
        };
        route.is_wanted =
            !route.columns.is_empty() || route.is_time || self.objects.keys().any(is_within);
    }

    /// The route of a path.
    pub(crate) fn get(&mut self, path: &str) -> &Route {
        if let Some(number) = self.numbers.get(path) {
            return &self.fixed[*number as usize];
        }
        if !self.learnt.get_mut().contains_key(path) {
            self.learn(path);
        }
        &self.learnt.get_mut()[path]
    }

    /// The number of a path that has a route of its own.
    pub(crate) fn number(&self, path: &str) -> Option<u32> {
        self.numbers.get(path).copied()
    }

    /// The route of a path with a number.
    pub(crate) fn at(&self, number: u32) -> &Route {
        &self.fixed[number as usize]
    }

    pub(crate) fn is_wanted(&self, path: &str) -> bool {
        if let Some(number) = self.numbers.get(path) {
            return self.fixed[*number as usize].is_wanted;
        }
        let known = self.learnt.borrow().get(path).map(|route| route.is_wanted);
        known.unwrap_or_else(|| self.learn(path))
    }

    /// Whether a value at a path is looked at for the event's time, and for nothing else.
    pub(crate) fn is_only_time(&self, path: &str) -> bool {
        let route = self.numbers.get(path).map(|number| &self.fixed[*number as usize]);
        route.is_some_and(|route| route.is_time && route.columns.is_empty())
            && self.objects.is_empty()
    }

    /// Whether one of these columns, a flag for each, is read from a path. That it is the time does not count.
    pub(crate) fn is_read_by(&self, path: &str, columns: &[bool]) -> bool {
        let is_one = |ids: &[u32]| ids.iter().any(|id| columns[*id as usize]);
        if let Some(number) = self.numbers.get(path) {
            return is_one(&self.fixed[*number as usize].columns);
        }
        let mut route = Route::default();
        self.complete(path, &mut route);
        is_one(&route.columns)
    }

    /// Remembers the route of a path that is not known yet; gives whether it is wanted.
    #[cold]
    fn learn(&self, path: &str) -> bool {
        let mut route = Route::default();
        self.complete(path, &mut route);
        let is_wanted = route.is_wanted;
        let mut learnt = self.learnt.borrow_mut();
        if learnt.len() >= MAX_LEARNT {
            learnt.clear();
        }
        learnt.insert(path.into(), route);
        is_wanted
    }

    /// The columns of the whole objects at a path; `None` if there are none.
    pub(crate) fn objects(&self, path: &str) -> Option<&[u32]> {
        self.objects.get(path).map(Vec::as_slice)
    }
}
