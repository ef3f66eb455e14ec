import CLinux
import Wire

/// A program about to be started.
public struct ProcessSpawn: ~Copyable {
    public var path: String
    public var arguments: [String]
    public var environment: [String]
    /// Empty: `input` and `output` are its streams.
    public var terminal = ""
    /// Borrowed numbers; −1: none.
    public var input: Int32 = -1
    public var output: Int32 = -1
    /// One descriptor and the number that the program finds it under (readiness).
    public var passed: Int32 = -1
    public var passedAs: Int32 = -1
    /// Borrowed numbers that the program finds as 3, 4, … (sd_listen_fds(3)). LISTEN_PID is added to its
    /// environment; the other variables of the protocol belong there already.
    public var descriptors: [Int32] = []
    /// WATCHDOG_PID is added to its environment (sd_watchdog_enabled(3)).
    public var isWatched = false
    public var cgroup: Int32 = -1
    /// A `cgroup.procs` file, instead of `cgroup`.
    public var joined: Int32 = -1
    /// What it is born into, instead of those of this process.
    public var namespaces: Namespaces = []
    /// Done by the new process, in order, when its streams are there.
    public var steps: [SpawnStep] = []
    public var supplementaryGroupIDs: [UInt32] = []
    /// `struct sock_filter` instructions (seccomp(2)), installed right before `execve`.
    public var systemCallFilter: [UInt8] = []

    public struct Namespaces: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        public static let mount = Namespaces(rawValue: UInt64(CLONE_NEWNS))
        public static let pid = Namespaces(rawValue: UInt64(CLONE_NEWPID))
        public static let ipc = Namespaces(rawValue: UInt64(CLONE_NEWIPC))
        public static let uts = Namespaces(rawValue: UInt64(CLONE_NEWUTS))
        public static let network = Namespaces(rawValue: UInt64(CLONE_NEWNET))
        public static let user = Namespaces(rawValue: UInt64(CLONE_NEWUSER))
    }

    public init(path: String, arguments: [String], environment: [String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// `clone3(2)` in the manner of vfork, then `execve(2)`: returns the process id when the program runs,
    /// and throws when something on the way failed; nothing is left of it then.
    public borrowing func start() throws(SystemCallError) -> Int32 { try start { amos_spawn(&$0) } }

    /// This process takes the steps and becomes the program (`unshare(2)`, then `execve(2)`); its streams and
    /// its session stay. Comes back only when something on the way failed, with the reason.
    public borrowing func replaceThisProcess() -> SystemCallError {
        do throws(SystemCallError) {
            _ = try start { amos_replace(&$0) }
        } catch { return error }
        return SystemCallError("execute", path, code: EINVAL)
    }

    private borrowing func start(
        _ act: (inout amos_spawn) -> Int
    ) throws(SystemCallError) -> Int32 {
        var passing = passedAs < 0 ? [] : [amos_pass(descriptor: passed, as: passedAs)]
        for (index, descriptor) in descriptors.enumerated() {
            passing.append(amos_pass(descriptor: descriptor, as: 3 + Int32(index)))
        }
        guard passedAs < 3 || passedAs >= 3 + Int32(descriptors.count) else {
            throw SystemCallError("cannot pass its sockets and its readiness descriptor", code: EINVAL)
        }
        let argumentStrings = CStringArray([path] + arguments)
        let names = (isWatched ? ["WATCHDOG_PID="] : []) + (descriptors.isEmpty ? [] : ["LISTEN_PID="])
        // The child writes its own id over the zeros: nobody else knows it before it runs.
        let environmentStrings = CStringArray(environment + names.map { $0 + "0000000000" })
        let stepStrings = CStringArray(steps.flatMap { $0.texts })
        var plan = amos_spawn()
        plan.arguments = UnsafePointer(argumentStrings.pointers)
        plan.environment = UnsafePointer(environmentStrings.pointers)
        for (index, name) in names.enumerated() {
            let text = environmentStrings.pointers[environment.count + index]?.advanced(by: name.utf8.count)
            if index == 0 { plan.process_ids.0 = text } else { plan.process_ids.1 = text }
        }
        (plan.input, plan.output) = (input, output)
        (plan.cgroup, plan.join) = (cgroup, joined)
        plan.namespaces = namespaces.rawValue
        let result = withExtendedLifetime((argumentStrings, environmentStrings, stepStrings)) {
            run(&plan, &passing, stepStrings, act)
        }
        if result < 0 { throw failure(plan, code: Int32(-result)) }
        return Int32(result)
    }

    private borrowing func run(
        _ plan: inout amos_spawn, _ passing: inout [amos_pass], _ texts: CStringArray,
        _ act: (inout amos_spawn) -> Int
    ) -> Int {
        var prepared: [amos_step] = []
        for (index, step) in steps.enumerated() {
            prepared.append(step.prepared(texts.pointers + index * SpawnStep.textCount))
            if step.limitsDescriptors { plan.has_descriptor_limit = 1 }
        }
        let (path, terminal) = (CStringArray([path]), CStringArray(terminal.isEmpty ? [] : [terminal]))
        plan.path = UnsafePointer(path.pointers[0])
        plan.terminal = UnsafePointer(terminal.pointers[0])
        return passing.withUnsafeMutableBufferPointer { passing in
            prepared.withUnsafeMutableBufferPointer { prepared in
                supplementaryGroupIDs.withUnsafeBufferPointer { groups in
                    systemCallFilter.withUnsafeBytes { filter in
                        (plan.passed, plan.passed_count) = (passing.baseAddress, passing.count)
                        (plan.steps, plan.step_count) = (prepared.baseAddress, prepared.count)
                        (plan.groups, plan.group_count) = (groups.baseAddress, groups.count)
                        (plan.filter, plan.filter_count) = (filter.baseAddress, filter.count / 8)
                        return withExtendedLifetime((path, terminal)) { act(&plan) }
                    }
                }
            }
        }
    }

    private borrowing func failure(_ plan: amos_spawn, code: Int32) -> SystemCallError {
        if plan.failed >= 0 { return steps[Int(plan.failed)].failure(code) }
        switch amos_failure(plan.failed) {
        case AMOS_FAILED_CLONE where namespaces.isEmpty:
            return SystemCallError("cannot create its process", code: code)
        case AMOS_FAILED_CLONE:
            return SystemCallError("cannot create its process and namespaces", code: code)
        case AMOS_FAILED_JOIN: return SystemCallError("cannot join its cgroup", code: code)
        case AMOS_FAILED_STREAMS where terminal.isEmpty:
            return SystemCallError("cannot connect its output", code: code)
        case AMOS_FAILED_STREAMS: return SystemCallError("cannot take the terminal", terminal, code: code)
        case AMOS_FAILED_PASS: return SystemCallError("cannot pass its descriptors", code: code)
        case AMOS_FAILED_FILTER:
            return SystemCallError("cannot install its system call filter", code: code)
        default: return SystemCallError("cannot execute", path, code: code)
        }
    }
}
