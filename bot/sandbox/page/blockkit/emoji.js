// The common :shortcodes: as Unicode; one that is not here stays as it was typed.

const TABLE = `
pushpin 📌 round_pushpin 📍 bell 🔔 no_bell 🔕 rotating_light 🚨 fire 🔥 fire_engine 🚒 siren 🚨 warning ⚠️ no_entry ⛔
octagonal_sign 🛑 no_entry_sign 🚫 x ❌ white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️
negative_squared_cross_mark ❎ question ❓ grey_question ❔ exclamation ❗ grey_exclamation ❕ bangbang ‼️
interrobang ⁉️ information_source ℹ️ red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡
large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 large_brown_circle 🟤 white_circle ⚪
black_circle ⚫ large_red_square 🟥 large_orange_square 🟧 large_yellow_square 🟨 large_green_square 🟩
large_blue_square 🟦 large_purple_square 🟪 white_large_square ⬜ black_large_square ⬛ small_red_triangle 🔺
small_red_triangle_down 🔻 large_orange_diamond 🔶 large_blue_diamond 🔷 small_blue_diamond 🔹
small_orange_diamond 🔸 arrow_up ⬆️ arrow_down ⬇️ arrow_left ⬅️ arrow_right ➡️ arrow_upper_right ↗️
arrow_lower_right ↘️ arrow_forward ▶️ arrow_double_up ⏫ fast_forward ⏩ double_vertical_bar ⏸️
black_square_for_stop ⏹️ repeat 🔁 arrows_counterclockwise 🔄 leftwards_arrow_with_hook ↩️ hourglass ⌛
hourglass_flowing_sand ⏳ stopwatch ⏱️ timer_clock ⏲️ alarm_clock ⏰ watch ⌚ clock1 🕐 clock3 🕒 clock9 🕘
calendar 📆 date 📅 spiral_calendar_pad 🗓️ phone ☎️ telephone ☎️ telephone_receiver 📞 iphone 📱 pager 📟 email 📧
envelope ✉️ incoming_envelope 📨 mailbox 📫 inbox_tray 📥 outbox_tray 📤 speech_balloon 💬 thought_balloon 💭
loudspeaker 📢 mega 📣 satellite_antenna 📡 mag 🔍 mag_right 🔎 bulb 💡 wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️
gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 link 🔗 paperclip 📎 scissors ✂️ lock 🔒 unlock 🔓 closed_lock_with_key 🔐 key 🔑
shield 🛡️ memo 📝 pencil 📝 pencil2 ✏️ page_facing_up 📄 page_with_curl 📃 clipboard 📋 bookmark 🔖 label 🏷️
notebook 📓 books 📚 book 📖 file_folder 📁 open_file_folder 📂 card_index_dividers 🗂️ file_cabinet 🗄️
floppy_disk 💾 cd 💿 computer 💻 desktop_computer 🖥️ keyboard ⌨️ printer 🖨️ package 📦 wastebasket 🗑️
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 moneybag 💰 credit_card 💳 rocket 🚀
construction 🚧 traffic_light 🚦 vertical_traffic_light 🚥 ambulance 🚑 hospital 🏥 pill 💊 thermometer 🌡️
adhesive_bandage 🩹 bug 🐛 beetle 🪲 snail 🐌 turtle 🐢 robot_face 🤖 ghost 👻 skull 💀 eyes 👀 eye 👁️ ear 👂 brain 🧠
wave 👋 raised_hand ✋ hand ✋ raising_hand 🙋 ok_hand 👌 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 clap 👏 pray 🙏 muscle 💪
point_right 👉 point_left 👈 point_up ☝️ point_down 👇 handshake 🤝 raised_hands 🙌 writing_hand ✍️ smile 😄
smiley 😃 grinning 😀 slightly_smiling_face 🙂 wink 😉 sweat_smile 😅 joy 😂 thinking_face 🤔 sleeping 😴 zzz 💤
relieved 😌 worried 😟 cry 😢 sob 😭 scream 😱 tada 🎉 sparkles ✨ star ⭐ star2 🌟 trophy 🏆 medal 🏅 checkered_flag 🏁
triangular_flag_on_post 🚩 white_flag 🏳️ dart 🎯 crystal_ball 🔮 boom 💥 zap ⚡ droplet 💧 ocean 🌊 cloud ☁️ sunny ☀️
sun_with_face 🌞 crescent_moon 🌙 snowflake ❄️ rainbow 🌈 seedling 🌱 recycle ♻️ heart ❤️ green_heart 💚
blue_heart 💙 yellow_heart 💛 broken_heart 💔 100 💯 busts_in_silhouette 👥 bust_in_silhouette 👤
female-firefighter 👩‍🚒 male-firefighter 👨‍🚒 firefighter 🧑‍🚒 female-detective 🕵️‍♀️ sleuth_or_spy 🕵️ one 1️⃣
two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ zero 0️⃣ keycap_ten 🔟 new 🆕 ok 🆗 up 🆙
sos 🆘 id 🆔 globe_with_meridians 🌐 earth_africa 🌍 house 🏠 office 🏢 school 🏫 coffee ☕ beers 🍻 pizza 🍕 cake 🍰
gift 🎁 test_tube 🧪 microscope 🔬 dna 🧬 magnet 🧲 ladder 🪜 axe 🪓 door 🚪 mute 🔇 sound 🔉 loud_sound 🔊
studio_microphone 🎙️ movie_camera 🎥 camera 📷 performing_arts 🎭 drill 🔩 white_medium_square ◻️
black_medium_square ◼️ heavy_plus_sign ➕ heavy_minus_sign ➖ heavy_multiplication_x ✖️ infinity ♾️
`;

const words = TABLE.trim().split(/\s+/);
const UNICODE = new Map(words.flatMap((word, index) => (index % 2 ? [] : [[word, words[index + 1]]])));

const SHORTCODE = /:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?/g;

/** The character, or undefined for a name the table does not know. */
export function emoji(name) {
  return UNICODE.get(name);
}

export function withEmoji(text) {
  return text.replace(SHORTCODE, (typed, name) => emoji(name) ?? typed);
}

/** A character for a reaction's pill; a name nobody knows keeps its colons. */
export function reactionSign(name) {
  return emoji(name) ?? `:${name}:`;
}
