"""A simulated Slack workspace: as strict as Slack, used by the unchanged SDK, driven by simulated people.

    workspace = Workspace(clock, manifest)          # bot.sandbox.workspace; manifest = parsed manifest.yml
    async with serving(workspace) as slack:         # bot.sandbox.server; or Server(workspace, port=…) with start/stop
        slack.api_url                               # SLACK_API_URL of the app
        workspace.bot_token, workspace.app_token, workspace.signing_secret
        workspace.use_http("http://127.0.0.1:8080/slack/events")      # only for HTTP mode; Socket Mode otherwise

        ada = workspace.person("ada")               # bot.sandbox.people.Person; users: ada ben cleo dev eve finn
        answer = await ada.types("/incident declare P1 Payments failing", channel="#general")
        answer.text, answer.messages, answer.error, answer.latency_ms
        card = await workspace.until(lambda: ada.direct_messages()[-1])
        await ada.presses("Acknowledge", card)      # NotOnScreen unless that label is there exactly once
        await ada.submits(values={"Title": "Payments"})               # the form on top; by label or block_id
        await ada.selects("Severity", "P1", card); await ada.ticks("Is the site up?", card)
        await ada.says("hello @ben", "#general")
        await ada.reacts("pushpin", card); await ada.uses_shortcut("add_to_timeline", card)
        await ada.opens_home(); ada.home(); ada.modal(); ada.sees("#general"); ada.labels(card)

        workspace.sent                              # every effect of the app, in order (records.Sent)
            workspace.complaints                        # what Slack would have objected to; must be empty after a test
        workspace.untrusted.add(text); workspace.audit()              # smuggled mentions and links
        workspace.faults.limit("chat.postMessage", retry_after=2)     # also refuse, break_down, hang, drop, slow_down
        workspace.rates.enabled = True              # Slack's rate limits, off by default
        workspace.timing.ack_seconds = 0.2          # time-out, also retry_scale for the events' retries
        await workspace.sockets.refresh()           # Slack asks the app to connect anew; also cut()

`page_api.add_page` serves the browser page; `mailbox.Mailbox` shows what was sent by email, SMS and the like;
`telephone.TelephoneCompany` is a simulated Twilio for texts and calls.
"""
