import LinuxSystem
import Services
import Wire

/// One cgroup per service, `/sys/fs/cgroup/amos/NAME`, made when the service first starts.
extension Supervision {
    private static let mountPoint = "/sys/fs/cgroup"

    /// nil where there are none, as for an ordinary user's test: signals must do then.
    static func prepareCgroups(_ plan: BootPlan, _ options: Options) -> String? {
        guard options.isSystem else { return nil }
        do throws(SystemCallError) {
            let root = try Cgroup(creating: mountPoint + "/amos")
            // A memory cgroup costs the kernel some 100 KB: only plans that set limits pay for it.
            if plan.services.contains(where: { $0.resources.memoryMaxBytes > 0 }) {
                try enable("+memory", root)
            }
            if plan.services.contains(where: { $0.resources.processLimit > 0 }) { try enable("+pids", root) }
            return root.path
        } catch {
            Log.say(.error, error.description)
            return nil
        }
    }

    private static func enable(_ controller: String, _ root: Cgroup) throws(SystemCallError) {
        try Cgroup(creating: mountPoint).write(controller, to: "cgroup.subtree_control")
        try root.write(controller, to: "cgroup.subtree_control")
    }

    /// The group that the service is born in, kept open; without one (−1) it runs, and only its limits and
    /// `cgroup.kill` are missing.
    func cgroup(of service: Int) throws(SystemCallError) -> Int32 {
        guard let cgroupRoot else { return -1 }
        if let number = resources[service].cgroupDirectory?.rawValue { return number }
        let definition = supervisor.plan.services[service]
        let group = try Cgroup(creating: cgroupRoot + "/" + definition.name)
        if definition.resources.memoryMaxBytes > 0 {
            try group.write(String(definition.resources.memoryMaxBytes), to: "memory.max")
        }
        if definition.resources.processLimit > 0 {
            try group.write(String(definition.resources.processLimit), to: "pids.max")
        }
        let directory = try group.open()
        let number = directory.rawValue
        resources[service].cgroup = group
        resources[service].cgroupDirectory = consume directory
        return number
    }

    func killGroup(_ service: Int, _ process: Int32) {
        if let group = resources[service].cgroup {
            // A main process that ended alone, as most do, leaves nothing to kill.
            if process == 0, !group.isPopulated { return }
            if let members = try? group.openMembers(), (try? group.kill()) != nil {
                resources[service].members = consume members
                return
            }
        }
        guard process != 0 else { return }
        // Each service leads a session, so its process group is what comes closest to a cgroup.
        ChildProcess.send(ChildProcess.killSignal, to: -process)
        ChildProcess.send(ChildProcess.killSignal, to: process)
    }
}
