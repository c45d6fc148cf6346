using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>
/// Makes sockets inside a network namespace: a socket belongs to the namespace that its thread was in when it was made, and stays usable from everywhere.
/// </summary>
internal static class InNamespace
{
    /// <summary>A listener inside the namespace of this file, such as <c>/run/netns/name</c> or <c>/proc/number/ns/net</c>.</summary>
    public static TcpListener Listen(string space, string address) => Run(space, () =>
    {
        var listener = new TcpListener(IPEndPoint.Parse(address));
        listener.Start();
        return listener;
    });

    /// <summary>A socket inside the namespace that is not connected yet.</summary>
    public static Socket Socket(string space) => Run(space, static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    private static T Run<T>(string space, Func<T> make)
    {
        T? made = default;
        Exception? trouble = null;
        // A thread of its own: it never goes back to where it came from.
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle(space);
                if (SetNamespace((int)handle.DangerousGetHandle(), 0) != 0)
                    throw new InvalidOperationException($"setns failed with {Marshal.GetLastPInvokeError()}.");
                made = make();
            }
            catch (Exception exception)
            {
                trouble = exception;
            }
        });
        thread.Start();
        thread.Join();
        return trouble is null ? made! : throw new InvalidOperationException($"Nothing could be made in {space}.", trouble);
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int fd, int kind);
}
