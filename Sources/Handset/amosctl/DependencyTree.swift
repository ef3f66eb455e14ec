import LinuxSystem
import Services
import Wire

/// `amosctl tree`: who needs whom.
///
///     home ready
///     ├─ logd ready
///     ╰─ bridge waiting: requires usb, which is down
///        ╰─ usb waiting: exited with status 1
///
/// What lies deeper than a screen is wide begins at the margin once more.
struct DependencyTree {
    private let plan: BootPlan
    private let rows: [ServiceStatus]
    /// Below each service: what it needs, or what needs it.
    private var edges: [[Edge]] = []
    private let isColoured: Bool
    private var isDrawn: [Bool]
    private var text: [UInt8] = []
    /// Where branches were cut, to be drawn from the margin.
    private var cut: [Int] = []
    /// 40 levels take 120 columns. Without an end, a chain of 10,000 would need a stack and lines of that
    /// length.
    private static let depthLimit = 40

    /// How one service needs the other; plain `requires` goes without saying.
    private struct Edge {
        let service: Int
        let label: String
    }

    static func print(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let plan = try client.plan()
        let rows = try client.rows()
        guard rows.count == plan.services.count else {
            Amosctl.fail("amosctl: the plan has just changed; try again")
        }
        var tree = DependencyTree(plan, rows, isReverse: arguments.isReverse)
        if arguments.subject.isEmpty {
            tree.drawAll()
        } else if let service = plan.index(of: arguments.subject) {
            tree.drawRoot(service)
        } else {
            Amosctl.fail(
                "amosctl: there is no service '" + arguments.subject + "'; `amosctl status` lists them")
        }
        Amosctl.write(tree.text)
    }

    private init(_ plan: BootPlan, _ rows: [ServiceStatus], isReverse: Bool) {
        self.plan = plan
        self.rows = rows
        isColoured = Terminal.isAt(1) && ProcessArguments.environment("NO_COLOR") == nil
        isDrawn = [Bool](repeating: false, count: rows.count)
        edges = [[Edge]](repeating: [], count: rows.count)
        for (position, service) in plan.services.enumerated() {
            let relations = [
                (service.requires, ""), (service.milestones, " (milestone)"), (service.wants, " (wanted)"),
                (service.after, " (order)"),
            ]
            for (names, label) in relations {
                for name in names { add(position, plan.index(of: name), label, isReverse) }
            }
        }
    }

    private mutating func add(_ service: Int, _ other: Int?, _ label: String, _ isReverse: Bool) {
        guard let other else { return }
        let (upper, lower) = isReverse ? (other, service) : (service, other)
        if edges[upper].contains(where: { $0.service == lower }) { return }
        edges[upper].append(Edge(service: lower, label: label))
    }

    /// From every service that nobody stands above.
    private mutating func drawAll() {
        var isBelow = [Bool](repeating: false, count: rows.count)
        for list in edges { for edge in list { isBelow[edge.service] = true } }
        for service in rows.indices where !isBelow[service] { drawRoot(service) }
        // Order may run in circles where nothing requires; nobody is left out.
        for service in rows.indices where !isDrawn[service] { drawRoot(service) }
    }

    private mutating func drawRoot(_ service: Int) {
        draw(service, "", "", "", depth: 0)
        while let next = cut.popLast() { if !isDrawn[next] { draw(next, "", "", "", depth: 0) } }
    }

    /// What stands below a service is drawn once; from then on `…` stands for it.
    private mutating func draw(
        _ service: Int, _ lead: String, _ branch: String, _ label: String, depth: Int
    ) {
        let isCut = depth == Self.depthLimit && !isDrawn[service] && !edges[service].isEmpty
        if isCut { cut.append(service) }
        let isKnown = isCut || isDrawn[service] && !edges[service].isEmpty
        if !isCut { isDrawn[service] = true }
        let row = rows[service]
        var line = lead + branch + row.name + " " + coloured(row.state) + label
        if !row.reason.isEmpty { line += ": " + row.reason }
        text.append(contentsOf: (line + (isKnown ? " …\n" : "\n")).utf8)
        guard !isKnown else { return }
        let below = branch.isEmpty ? "" : branch.utf8.starts(with: "╰".utf8) ? "   " : "│  "
        for (index, edge) in edges[service].enumerated() {
            let isLast = index == edges[service].count - 1
            draw(edge.service, lead + below, isLast ? "╰─ " : "├─ ", edge.label, depth: depth + 1)
        }
    }

    private func coloured(_ state: ServiceState) -> String {
        guard isColoured else { return state.name }
        let colour =
            switch state {
            case .ready, .done: "32"
            case .starting, .stopping, .waiting: "33"
            case .failed: "31"
            case .stopped: "90"
            }
        return "\u{1b}[" + colour + "m" + state.name + "\u{1b}[0m"
    }
}
