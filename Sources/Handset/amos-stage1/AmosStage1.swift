import LinuxSystem

@main
enum AmosStage1 {
    static func main() {
        do throws(SystemCallError) {
            let console = try FileDescriptor.open("/dev/stderr", .writeOnly)
            try console.write(Array("amos: started\n".utf8))
        } catch {
            print(error.description)
        }
    }
}
