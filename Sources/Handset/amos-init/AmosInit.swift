import LinuxSystem
import Services
import Slots
import Wire

/// PID 1. Reads the compiled boot plan, supervises its services, owns health, and ends the machine in order.
///
/// It must never exit, never wait for anything but its one epoll, never parse text that a person wrote, and
/// never let one service's trouble become another's: an internal failure is logged, contained and survived.
/// What it does when things run out:
/// - descriptors: callers are answered with spare ones; what cannot be started fails with the reason, and its
///   restart policy goes on.
/// - processes: `clone` fails (EAGAIN), which is a failed start like any other.
/// - memory: the kernel never chooses PID 1 when it kills for memory, and its own growth is bounded: every
///   buffer and list here has a limit. A refused allocation would end it (Embedded Swift traps), but Linux
///   refuses small ones only where overcommitting is forbidden, which a handset must not set.
/// - time: nobody is waited for. Ended children, packets and notifications are taken some at a time.
/// - the disk: what is kept on `data` is written by another process (`StateFiles`), because a write waits for
///   whatever else the journal has to commit, and a worn flash takes seconds. What is read there is read
///   here, and waited for: stamps and last runs at the boot, and the secrets and environment files of a
///   service when it starts, which it could not do without. That is bounded: regular files of root's only
///   (`TrustedFile`), each of a limited size, no directory deeper than one, most of it in the page cache
///   after the first start. A disk that answers no read at all is one that the handset cannot live with:
///   the loop stands still, the machine's watchdog is not fed any more, and restarts it.
///
/// Decisions are made in `Shared/Services`; this folder performs them.
///
/// As PID 1 it takes no arguments. For tests and measurements it also runs as an ordinary program
/// (`Options`): it then mounts nothing, touches no slot, and exits when a shutdown is done.
@main
enum AmosInit {
    static func main() {
        let arguments = ProcessArguments.read()
        if arguments.count == 1, UTF8Text.equal(arguments[0], "--check-resume") {
            ChildProcess.exit(Resuming.check())
        }
        guard let options = Options(arguments) else {
            Log.say(.error, Options.usage)
            ChildProcess.exit(2)
        }
        Log.isSystem = options.isSystem
        let announcer = Announcer()
        do throws(InitError) {
            let supervision =
                if let former = options.resumed {
                    try resume(FileDescriptor(owning: former), options, announcer)
                } else {
                    try begin(options, announcer)
                }
            supervision.run()
            // Only where this is no machine's PID 1 does it come to this. The kernel frees a thousand pipes
            // faster than they can be closed one by one.
            ChildProcess.exit(supervision.hasFailed ? 1 : 0)
        } catch {
            giveUp(error, announcer, options)
        }
    }

    private static func begin(_ options: Options, _ announcer: Announcer) throws(InitError) -> Supervision {
        if options.isSystem {
            announcer.takeStage1()
            SystemSetup.prepare(announcer)
        }
        ChildProcess.raiseDescriptorLimit(beyondHard: options.isSystem)
        announcer.announce(.stage(name: "init-start"))
        let file = try openPlan(options)
        let plan = try decodePlan(file)
        if options.isSystem { SystemSetup.applyIdentity(plan) }
        let supervision = try Supervision(plan, file, options, announcer)
        supervision.begin()
        return supervision
    }

    /// The image before has left everything open, and its state in `file`.
    private static func resume(
        _ file: consuming FileDescriptor, _ options: Options, _ announcer: Announcer
    ) throws(InitError) -> Supervision {
        if options.isSystem { SystemSetup.occupyStandardStreams() }
        // The plan's number stands in the state, and the state is read by the plan.
        let planFile = FileDescriptor(owning: try Resuming.planDescriptor(file))
        let plan = try decodePlan(planFile)
        let state = try Resuming.decode(file, for: plan)
        if state.port >= 0 { announcer.port = FileDescriptor(owning: state.port) }
        (announcer.backlog, announcer.history) = (state.backlog, state.history)
        let supervision = try Supervision(plan, planFile, options, announcer, resuming: state)
        supervision.resume(state)
        return supervision
    }

    /// The handset's file cannot change; anybody else's is copied, so that what was checked stays so.
    private static func openPlan(_ options: Options) throws(InitError) -> FileDescriptor {
        do throws(SystemCallError) {
            let file = try FileDescriptor.open(options.planPath)
            if options.isSystem { return file }
            return try .sealedMemory(named: "boot.plan", try file.readToEnd(limit: BootPlan.sizeLimit))
        } catch { throw .system(error) }
    }

    static func decodePlan(_ file: borrowing FileDescriptor) throws(InitError) -> BootPlan {
        let bytes: [UInt8]?
        do throws(SystemCallError) { bytes = try file.readAll(limit: BootPlan.sizeLimit) } catch {
            throw .system(error)
        }
        do throws(BootPlanError) { return try BootPlan.decode(bytes ?? []) } catch { throw .plan(error) }
    }

    /// Before the plan works there is nothing to supervise: say why, spend the slot's attempt, let the
    /// loader choose.
    private static func giveUp(_ error: InitError, _ announcer: Announcer, _ options: Options) {
        Log.say(.critical, error.description)
        announcer.announce(.failure(what: "init", reason: error.description))
        guard options.isSystem else { ChildProcess.exit(1) }
        SlotRecord.update { metadata, slot in
            metadata.recordFailure(in: slot, error.failureReason, detail: Array(error.description.utf8))
        }
        PowerControl.end(.reboot)
    }
}

/// Why PID 1 cannot begin.
enum InitError: Error, CustomStringConvertible {
    case system(SystemCallError)
    case plan(BootPlanError)
    /// What the image before has left is not understood.
    case handover(WireError)

    var description: String {
        switch self {
        case .system(let error): error.description
        case .plan(let error): error.description
        case .handover(let error): "cannot go on where the image before left off: " + error.description
        }
    }

    var failureReason: FailureReason {
        switch self {
        case .system, .handover: .initFailed
        case .plan: .bootPlanInvalid
        }
    }
}
