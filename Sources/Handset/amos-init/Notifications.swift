import LinuxSystem
import Services
import Wire

/// What services tell PID 1 on `$NOTIFY_SOCKET` (sd_notify(3)).
///
/// Everybody may write to the socket, so a message counts only for the service that its sender belongs to,
/// by what the kernel says about the sender: its process id, and the cgroup (or, without cgroups, the
/// session) of that process. What stands in the message is never used to find the service.
extension Supervision {
    /// Malformed messages that are logged per boot; a broken program must not fill the log.
    static let notificationComplaintLimit = 16

    func takeNotifications(limit: Int = packetLimit) {
        for _ in 0..<limit {
            let packet: NotificationPacket?
            do throws(SystemCallError) {
                packet = try notifySocket.receiveNotification(limit: Notification.sizeLimit)
            } catch {
                complain(error.description)
                continue
            }
            guard let packet else { return }
            guard let service = service(near: packet.sender) else { continue }
            apply(Notification(parsing: packet.bytes), packet, to: service)
        }
    }

    private func apply(_ notification: Notification, _ packet: NotificationPacket, to service: Int) {
        let name = supervisor.plan.services[service].name
        if notification.malformedCount > 0 { complain(name + ": it sent a malformed notification") }
        if packet.isCut { complain(name + ": it sent more descriptors than can be taken") }
        if let text = notification.statusText { resources[service].statusText = text }
        if let process = notification.mainProcess, process != supervisor.process(of: service) {
            if self.service(near: process) == service {
                handle(.mainProcess(service: service, process: process))
                watchIfStranger(service)
            } else {
                complain(name + ": the MAINPID that it sent is no process of it")
            }
        }
        if notification.storesDescriptors {
            store(packet.descriptors, as: notification.descriptorName, for: service)
        }
        if notification.removesDescriptors, let stored = notification.descriptorName {
            removeStored(stored, of: service)
        }
        if let milliseconds = notification.extensionMilliseconds {
            handle(.extendTimeout(service: service, milliseconds: milliseconds))
        }
        applyState(notification, to: service)
    }

    private func applyState(_ notification: Notification, to service: Int) {
        if notification.isReloading {
            resources[service].isReloading = true
            handle(.reloading(service: service))
        }
        if notification.isStopping { handle(.stopping(service: service)) }
        // A service that proves its readiness in another way does not get round that by saying so, except
        // that it has reloaded.
        if notification.isReady, takesReadiness(service) {
            resources[service].isReloading = false
            handle(.ready(process: supervisor.process(of: service)))
        }
        if let microseconds = notification.watchdogMicroseconds {
            // Rounded up: only 0 itself means that nothing is watched.
            let milliseconds = min(
                microseconds / 1_000 + (microseconds % 1_000 == 0 ? 0 : 1),
                Notification.watchdogLimitMilliseconds)
            handle(.watch(service: service, milliseconds: UInt32(milliseconds)))
        }
        switch notification.watchdog {
        case .alive: handle(.alive(service: service))
        case .broken: handle(.broken(service: service))
        case nil: break
        }
    }

    /// A main process whose parent is another process of the service, as after a daemon's only fork: it is
    /// that one's to reap. Its descriptor tells that it has ended, and nobody how.
    func watchIfStranger(_ service: Int) {
        resources[service].stranger = nil
        let process = supervisor.process(of: service)
        guard process > 0, !ChildProcess.isChild(process) else { return }
        do throws(SystemCallError) {
            let descriptor = try ChildProcess.open(process)
            try epoll.add(descriptor, tag: Self.tag(.stranger, service))
            resources[service].stranger = consume descriptor
        } catch {
            // It has gone meanwhile, or can only be seen in the group.
            handle(.exited(process: process, .unknown))
        }
    }

    /// It has ended. If it had become a child of PID 1 by then, reaping tells more.
    func takeStranger(_ service: Int) {
        guard resources.indices.contains(service), resources[service].stranger != nil else { return }
        let process = supervisor.process(of: service)
        resources[service].stranger = nil
        guard !ChildProcess.isChild(process) else { return }
        noteEnd(of: service, .unknown)
        handle(.exited(process: process, .unknown))
    }

    private func takesReadiness(_ service: Int) -> Bool {
        switch supervisor.plan.services[service].readiness {
        case .notify, .exec: true
        case .descriptor, .probe: resources[service].isReloading
        }
    }

    private func complain(_ text: String) {
        guard notificationComplaintCount < Self.notificationComplaintLimit else { return }
        notificationComplaintCount += 1
        Log.say(.warning, text)
    }

    /// The service that a process belongs to: as its main process, or by its cgroup, or by its session.
    func service(near process: Int32) -> Int? {
        guard process > 0 else { return nil }
        if let service = supervisor.service(of: process) { return service }
        if let groups, let line = contents(of: "/proc/" + String(process) + "/cgroup", limit: 4096),
            let name = Self.name(inCgroup: line, below: groups.name)
        {
            return supervisor.plan.index(of: String(decoding: name, as: UTF8.self))
        }
        // A session is left only for one's own: nobody gets into that of another service.
        return ChildProcess.session(of: process).flatMap { supervisor.service(of: $0) }
    }

    /// From `0::/amos/NAME` or `0::/amos/NAME/more`: the name directly below the root, and nothing else. A
    /// cgroup of the same name elsewhere is not ours.
    static func name(inCgroup membership: [UInt8], below root: String) -> ArraySlice<UInt8>? {
        guard let path = Cgroup.name(in: membership), path.starts(with: root.utf8) else { return nil }
        let rest = path.dropFirst(root.utf8.count)
        guard rest.first == UInt8(ascii: "/") else { return nil }
        let name = rest.dropFirst().prefix { $0 != UInt8(ascii: "/") }
        return name.isEmpty ? nil : name
    }

    /// What a service needs in order to talk back.
    func notificationEnvironment(of definition: ServiceDefinition) -> [String] {
        var environment = ["NOTIFY_SOCKET=" + options.runDirectory + "/notify"]
        if definition.watchdogMilliseconds > 0 {
            environment.append("WATCHDOG_USEC=" + String(UInt64(definition.watchdogMilliseconds) * 1_000))
        }
        return environment
    }
}
