//! What invented people are made of.

#[rustfmt::skip]
pub(super) const FIRST_NAMES: [&str; 56] = [
    "Seán", "Áine", "Niamh", "Oisín", "Ciara", "Pádraig", "Siobhán", "Éamon", "Róisín", "Fionn", "Máire", "Tadhg",
    "Caoimhe", "Eoin", "Gráinne", "Cillian", "Sinéad", "Darragh", "Órla", "Rónán", "Aoife", "Colm", "Bríd", "Donnchadh",
    "Mary", "John", "Patrick", "Catherine", "Michael", "Sarah", "James", "Emma", "Thomas", "Grace", "Daniel", "Anna",
    "Luke", "Sophie", "Adam", "Ella", "Jack", "Lucy", "Noah", "Kate", "Conor", "Hannah", "Ryan", "Chloe",
    "Agnieszka", "Piotr", "Chidi", "Ngozi", "Matei", "Ioana", "Rahul", "Priya",
];

#[rustfmt::skip]
pub(super) const LAST_NAMES: [&str; 56] = [
    "Murphy", "Kelly", "Byrne", "Ryan", "O'Brien", "Walsh", "O'Sullivan", "O'Connor", "Doyle", "McCarthy", "Gallagher",
    "Doherty", "Kennedy", "Lynch", "Murray", "Quinn", "Moore", "McLaughlin", "Carroll", "Connolly", "Daly", "Wilson",
    "Dunne", "Brennan", "Burke", "Collins", "Campbell", "Clarke", "Johnston", "Hughes", "O'Farrell", "Fitzgerald",
    "Ó Briain", "Ní Dhomhnaill", "Mac Giolla Phádraig", "Ó Súilleabháin", "Ní Bhriain", "Ó Flatharta", "de Búrca",
    "Breathnach", "Ó Cinnéide", "Nic Gabhann", "Ó hÓgáin", "Ó Máille", "Kowalska", "Nowak", "Okafor", "Eze", "Popescu",
    "Ionescu", "Sharma", "Patel", "Smith-Jones", "van der Berg", "Müller", "D'Arcy",
];

#[rustfmt::skip]
pub(super) const STREETS: [&str; 32] = [
    "Main", "Bridge", "Church", "Chapel", "Castle", "Abbey", "Shannon", "Strand", "Harbour", "Mill", "Market", "Patrick",
    "O'Connell", "Parnell", "Pearse", "Davitt", "Emmet", "Green", "Orchard", "Meadow", "Riverside", "Hillcrest",
    "Seaview", "Ashgrove", "Oakfield", "Willow", "Elm Park", "Cois Abhann", "Cnoc Mhuire", "Páirc na Rí", "Station",
    "Mountain View",
];

pub(super) const KINDS: [&str; 8] = ["Street", "Road", "Avenue", "Drive", "Lane", "Terrace", "Close", "Court"];

pub(super) const TOWNS: [&(&str, &str); 24] = [
    &("Ballina", "Co. Mayo"),
    &("Castlebar", "Co. Mayo"),
    &("Tralee", "Co. Kerry"),
    &("Dingle", "Co. Kerry"),
    &("An Spidéal", "Co. Galway"),
    &("Tuam", "Co. Galway"),
    &("Ballinasloe", "Co. Galway"),
    &("Ennis", "Co. Clare"),
    &("Nenagh", "Co. Tipperary"),
    &("Clonmel", "Co. Tipperary"),
    &("Carrick-on-Shannon", "Co. Leitrim"),
    &("Dún Laoghaire", "Co. Dublin"),
    &("Rathmines", "Dublin 6"),
    &("Drumcondra", "Dublin 9"),
    &("Swords", "Co. Dublin"),
    &("Naas", "Co. Kildare"),
    &("Maynooth", "Co. Kildare"),
    &("Letterkenny", "Co. Donegal"),
    &("Gort an Choirce", "Co. Dhún na nGall"),
    &("Dundalk", "Co. Louth"),
    &("Enniscorthy", "Co. Wexford"),
    &("Mallow", "Co. Cork"),
    &("Skibbereen", "Co. Cork"),
    &("Westport", "Co. Mayo"),
];

pub(super) const HOSTS: [&str; 6] =
    ["example.org", "example.com", "example.ie", "mail.example", "Example.org", "club.example"];

/// The prefixes of mobile numbers: 083, 085, 086, 087, 089.
pub(super) const MOBILE: [&str; 5] = ["83", "85", "86", "87", "89"];
