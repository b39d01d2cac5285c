-- What people at the club changed by hand between night one and night two. Every edit raises the revision of its row.

-- Tomasz gave the secretary his new mobile number at training, and the federation has not heard of it yet.
UPDATE members SET phone = '087 555 0888', revision = revision + 1 WHERE external_id = 'FED-10033';

-- Gráinne told the treasurer her old mailbox is closed, so he entered the address she reads now.
UPDATE members SET email = 'grainne@mail.example.org', revision = revision + 1 WHERE external_id = 'FED-10076';

-- The secretary put the missing fada on Seán, as it stands on his membership form.
UPDATE members SET first_name = 'Seán', revision = revision + 1 WHERE external_id = 'FED-10105';

-- The same evening she corrected a mistyped digit in his number, after calling a stranger.
UPDATE members SET phone = '0865550915', revision = revision + 1 WHERE external_id = 'FED-10105';

-- Chidinma asked for no more e-mail, so the welfare officer cleared the address.
UPDATE members SET email = NULL, revision = revision + 1 WHERE external_id = 'FED-10183';

-- João moved in the spring and told the coach, who entered the new address.
UPDATE members SET address = '58 Sallow Park, Rathcolla, Co. Tipperary', revision = revision + 1 WHERE external_id = 'FED-10232';

-- Ciarán stopped coaching and passed his first-aid course, so the head coach changed his tags.
UPDATE members SET tags = '["timekeeper", "first-aider"]', revision = revision + 1 WHERE external_id = 'FED-10277';

-- The mother of Róisín rang the junior coach from a new number, to be called in an emergency.
UPDATE members SET emergency_contact = '{"name": "Máire de Búrca", "phone": "089 555 0608", "relation": "mother"}', revision = revision + 1 WHERE external_id = 'FED-10321';

-- The father of Oisín texted the junior coach his work mobile as the number to call.
UPDATE members SET emergency_contact = '{"name": "Pádraig Ó Súilleabháin", "phone": "083 555 0259", "relation": "father"}', revision = revision + 1 WHERE external_id = 'FED-10365';

-- Orla asked the secretary to use her full first name on the entry lists.
UPDATE members SET first_name = 'Orlaith', revision = revision + 1 WHERE external_id = 'FED-10427';

-- Daithí will run with the seniors, so his coach moved him there by hand, which only the federation may do.
UPDATE members SET club = 'Dunmorrow Harriers', revision = revision + 1 WHERE external_id = 'FED-10477';

-- The coach also replaced the number of his parents by his own.
UPDATE members SET phone = '083 555 0962', revision = revision + 1 WHERE external_id = 'FED-10477';

-- Agnieszka had no e-mail on file, so the registrar added the one she uses at work.
UPDATE members SET email = 'agnieszka.kowalczyk@post.example', revision = revision + 1 WHERE external_id = 'FED-10529';

-- The registrar dialled her new mobile number to be sure, then entered it.
UPDATE members SET phone = '087 555 0151', revision = revision + 1 WHERE external_id = 'FED-10529';

-- Fiachra said his birthday is the 21st and not the 12th, so the secretary swapped the digits.
UPDATE members SET date_of_birth = '1987-03-21', revision = revision + 1 WHERE external_id = 'FED-10573';

-- The secretary extended his licence by three months from memory of an old circular.
UPDATE members SET licence_expires = '2027-03-31', revision = revision + 1 WHERE external_id = 'FED-10573';

-- Micheál left a new number with the treasurer, a week before he left the federation.
UPDATE members SET phone = '085 555 0739', revision = revision + 1 WHERE external_id = 'FED-10618';
