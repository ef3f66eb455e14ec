/// What `amosctl --help` and `amosctl COMMAND --help` print.
enum Help {
    static let overview = """
        usage: amosctl COMMAND [SERVICE] [OPTIONS]

        look    status [SERVICE]   what runs, since when, and what became of the rest
                why SERVICE        why it runs, or does not
                tree [SERVICE]     who needs whom
                top                memory, processor time and I/O of each service, live
                log                what services and the kernel have said
                events             what happened in this boot
                blame, chart       where the time of the boot went
        change  start, stop, restart SERVICE
                reload [PLAN]      take another boot plan; restarts only what changed
                exec-self [PATH]   replace PID 1 itself; services go on
                poweroff, reboot, factory-reset
                bridge [list|allow|deny]  whose adb is let in
        packages  pkg install, upgrade, remove, rollback, list, search and more: `amosctl pkg --help`
                  developer-mode [on|off]

        --run DIR (or AMOS_RUN=DIR) talks to a supervisor elsewhere than /run/amos.
        Everybody may look, but not at the log; root may do all of it.
        `amosctl COMMAND --help` has the options and examples.
        """

    static func text(of command: Command) -> String {
        switch command {
        case .status, .why, .tree, .top, .log, .events, .blame, .chart: looking(command)
        default: changing(command)
        }
    }

    private static func looking(_ command: Command) -> String {
        switch command {
        case .status: status
        case .why: why
        case .tree: tree
        case .top: top
        case .log: LogArguments.usage
        case .events: events
        case .blame: blame
        default: chart
        }
    }

    private static func changing(_ command: Command) -> String {
        switch command {
        case .start, .stop, .restart: operate
        case .reload: reload
        case .execSelf: execSelf
        case .factoryReset: factoryReset
        case .bridge: BridgeCommand.usage
        case .pkg: PackageArguments.usage
        case .developerMode: developerMode
        default: "usage: amosctl poweroff | reboot\n\nStops every service in order, unmounts data, and goes."
        }
    }

    private static let status = """
        usage: amosctl status [SERVICE] [--json]

        One line per service, or everything about one of them.
            amosctl status
            amosctl status logd
            amosctl status --json | jq '.[] | select(.state != "ready")'
        """

    private static let why = """
        usage: amosctl why SERVICE

        Why it runs, or does not, and since when.
            amosctl why shell
        """

    private static let tree = """
        usage: amosctl tree [SERVICE] [--reverse]

        Everything that a service needs, below it; with --reverse, everything that needs it.
            amosctl tree home
            amosctl tree logd --reverse
        """

    private static let top = """
        usage: amosctl top [-n N] [--json]

        The N busiest services: processor time of one processor in percent, memory, bytes read and written
        per second. Live on a terminal until `q` or Ctrl-C, once into a pipe.
            amosctl top -n 5
            amosctl top --json > usage.json
        """

    private static let events = """
        usage: amosctl events [-f] [--json]

        What happened in this boot; with -f also what happens from now on, until interrupted.
            amosctl events
            amosctl events -f --json
        """

    private static let blame = """
        usage: amosctl blame [--json]

        The time that each service took in the boot from its start until it was ready, longest first, and
        what its start had waited for.
            amosctl blame
        """

    private static let chart = """
        usage: amosctl chart [-o FILE]

        The boot as SVG: kernel, stage 1, modules, mounts, services, and in red what `ready` waited for.
            amosctl chart -o /data/boot.svg
            amosctl chart > boot.svg
        """

    private static let operate = """
        usage: amosctl start|stop|restart SERVICE [--no-wait] [--timeout SECONDS]

        Waits until it is done. Exit status: 0 done, 1 failed or refused (and the reason), 2 wrong usage,
        3 not done within the time. Starting also starts what the service requires or wants.
            amosctl restart clock
            amosctl stop clock --timeout 5
            amosctl start clock --no-wait
        """

    private static let reload = """
        usage: amosctl reload [PLAN]

        Takes a compiled boot plan (default: the image's) and restarts exactly what changed. A plan with a
        mistake is refused as a whole.
            amosctl reload /data/trial.plan
        """

    private static let execSelf = """
        usage: amosctl exec-self [PATH]

        PID 1 becomes the program at PATH (default: its own file, which may be a newer one by now). Services,
        their sockets and their output go on. A program that cannot take over is not started.
            amosctl exec-self
        """

    private static let developerMode = """
        usage: amosctl developer-mode [on|off] [--json]

        Whether packages may come from developers, on handsets whose device file says
        `sideload: developer-mode` and offers it (`developer-mode: owner`). Without a word: how it is.
            amosctl developer-mode
            amosctl developer-mode on
        """

    private static let factoryReset = """
        usage: amosctl factory-reset --yes

        Restarts, and erases everything on data.
        """
}
