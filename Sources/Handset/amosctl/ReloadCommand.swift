import LinuxSystem
import Services
import Wire

/// `amosctl reload`: hands PID 1 another plan, and says what became of whom.
enum ReloadCommand {
    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let before = try client.plan()
        var path = arguments.subject
        if path.isEmpty {
            guard try client.about().isSystem else { Amosctl.fail("amosctl: reload which plan?", status: 2) }
            path = "/usr/share/amos/boot.plan"
        }
        let bytes = try FileDescriptor.open(path).readToEnd(limit: BootPlan.sizeLimit)
        let file = try FileDescriptor.sealedMemory(named: "boot.plan", bytes)
        try client.ask(ControlRequest(.reload), passing: file.rawValue)
        try client.expectEnd()
        report(before, try client.plan())
    }

    private static func report(_ before: BootPlan, _ after: BootPlan) {
        var (kept, changed, added) = (0, [String](), [String]())
        for service in after.services {
            guard let old = before.index(of: service.name) else {
                added.append(service.name)
                continue
            }
            if before.services[old].isSame(as: service) { kept += 1 } else { changed.append(service.name) }
        }
        let removed = before.services.map { $0.name }.filter { after.index(of: $0) == nil }
        var text = String(kept) + (kept == 1 ? " service is" : " services are") + " as before\n"
        for (what, names) in [("changed", changed), ("added", added), ("removed", removed)] {
            guard !names.isEmpty else { continue }
            var line = what + ":"
            for name in names { line += " " + name }
            text += line + "\n"
        }
        Amosctl.write(text)
    }
}
