import LinuxSystem
import Services

/// Where there are no cgroups, a service is: its main process and all that descends from it; and of those
/// whose parents have died, so that they are now children of this program (PR_SET_CHILD_SUBREAPER), the ones
/// of its session and the ones that were started with its `AMOS_SERVICE` in their environment, which is
/// where daemons that fork twice are found.
///
/// The limit: a process that has begun a session of its own, and has been started with another environment,
/// and whose parent has died, belongs to nobody until this program ends, and is killed then.
struct Emptying {
    let service: Int
    /// The main process that is to be killed; 0: it has ended already.
    let process: Int32
}

extension Supervision {
    static func mark(of service: ServiceDefinition) -> String { "AMOS_SERVICE=" + service.name }

    /// Once per turn of the loop, for all stops together: who is left, is killed; each death wakes the loop
    /// up again.
    func continueEmptying() {
        // An answer may be the next stop's beginning.
        while !emptying.isEmpty {
            let emptied = killRest()
            guard !emptied.isEmpty else { return }
            for service in emptied { handle(groupEmptied(service)) }
        }
    }

    private func killRest() -> [Int] {
        let waiting = emptying
        emptying = []
        let orphans = orphans()
        let isAnybodyLeft =
            groups != nil || !orphans.isEmpty || waiting.contains { isMain($0.process, $0.service) }
        let tree = isAnybodyLeft ? ProcessTree.read() : nil
        var emptied: [Int] = []
        for one in waiting {
            if let tree, kill(one, orphans, tree) {
                emptying.append(one)
            } else {
                emptied.append(one.service)
            }
        }
        return emptied
    }

    /// Whether there was anything to kill.
    private func kill(_ one: Emptying, _ orphans: [Int32], _ tree: ProcessTree) -> Bool {
        // Its cgroup could not be killed before, or not be watched.
        if let group = groups?.group(named: supervisor.plan.services[one.service].name) {
            guard group.isPopulated else { return false }
            try? group.kill()
            return true
        }
        let leader = resources[one.service].leader
        let mark = Self.mark(of: supervisor.plan.services[one.service])
        var heads = orphans.filter {
            leader != 0 && tree[$0]?.session == leader || ChildProcess.hasEnvironment(mark, $0)
        }
        if isMain(one.process, one.service) { heads.append(one.process) }
        for process in tree.family(of: heads) { ChildProcess.send(ChildProcess.killSignal, to: process) }
        return !heads.isEmpty
    }

    private func isMain(_ process: Int32, _ service: Int) -> Bool {
        process != 0 && supervisor.service(of: process) == service
    }

    /// Children of this program that are no service's own.
    private func orphans() -> [Int32] {
        let children =
            ChildProcess.children()
            ?? ProcessTree.read().children(of: ChildProcess.thisProcess).map { $0.process }
        return children.filter { supervisor.service(of: $0) == nil }
    }

    /// At the end of an ordinary service manager without cgroups: nobody is left behind.
    func killOrphans() {
        let orphans = orphans()
        guard !orphans.isEmpty else { return }
        for process in ProcessTree.read().family(of: orphans) {
            ChildProcess.send(ChildProcess.killSignal, to: process)
        }
    }
}
