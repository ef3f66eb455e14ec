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
///
/// Decisions are made in `Shared/Services`; this folder performs them.
///
/// As PID 1 it takes no arguments. For tests and measurements it also runs as an ordinary program
/// (`Options`): it then mounts nothing, touches no slot, and exits when a shutdown is done.
@main
enum AmosInit {
    static func main() {
        guard let options = Options(ProcessArguments.read()) else {
            Log.say(.error, Options.usage)
            return
        }
        Log.isSystem = options.isSystem
        let announcer = Announcer()
        if options.isSystem { SystemSetup.prepare(announcer) }
        announcer.announce(.stage(name: "init-start"))
        do throws(InitError) {
            let file = try openPlan(options)
            let plan = try decodePlan(file)
            if options.isSystem { SystemSetup.applyIdentity(plan) }
            let supervision = try Supervision(plan, file, options, announcer)
            supervision.run()
        } catch {
            giveUp(error, announcer, options)
        }
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
        guard options.isSystem else { return }
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

    var description: String {
        switch self {
        case .system(let error): error.description
        case .plan(let error): error.description
        }
    }

    var failureReason: FailureReason {
        switch self {
        case .system: .initFailed
        case .plan: .bootPlanInvalid
        }
    }
}
