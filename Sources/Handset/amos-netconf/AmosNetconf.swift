import LinuxSystem
import Wire

/// dhcpcd's hook, run for every event of an interface: keeps `/run/resolv.conf` and tells PID 1 of the
/// address.
///
/// It never starts a program and writes nothing else: dhcpcd itself configures addresses and routes.
@main
enum AmosNetconf {
    static func main() {
        let configuration = ResolverConfiguration(
            reason: ProcessArguments.environment("reason") ?? "",
            servers: ProcessArguments.environment("new_domain_name_servers") ?? "",
            domains: ProcessArguments.environment("new_domain_search")
                ?? ProcessArguments.environment("new_domain_name") ?? "")
        guard configuration.change != .none else { return }
        do throws(SystemCallError) {
            // /run is memory: there is nothing to make durable.
            try Directory.replaceFile("/run/resolv.conf", with: configuration.file, durable: false)
        } catch {
            // dhcpcd's output goes to the log.
            Output.say("amos-netconf: " + error.description)
        }
        guard configuration.change == .gained, let interface = ProcessArguments.environment("interface"),
            let address = ProcessArguments.environment("new_ip_address")
        else { return }
        let event = BootEvent.network(interface: interface, address: address)
        let line = String(decoding: event.line(nanoseconds: Machine.bootTimeNanoseconds), as: UTF8.self)
        ControlSocket.tell(ControlRequest(.announce, text: line).encode())
    }
}
