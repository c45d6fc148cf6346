using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace RaftStream.Testing;

/// <summary>
/// A number X from 0 to 254 that is this run's alone: its network is 10.77.X.0/24 and what it makes on the machine is named <c>rslabX...</c>. Owned by a driver's
/// network until it is disposed.
/// </summary>
/// <remarks>
/// Who has a number is told by a file with the process and its mark, written before anything is made: so what a lab that was killed left can be removed, and what
/// another one that runs has made is not touched.
/// </remarks>
internal sealed class NetworkClaim : IDisposable
{
    private const string Records = "/run/raftstream-lab";
    private const int Numbers = 255;
    private const int LabHost = 254;
    private const int ClientsHost = 253;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Action<int> _remove;

    private NetworkClaim(int number, Action<int> remove)
    {
        Number = number;
        _remove = remove;
    }

    /// <summary>The number.</summary>
    public int Number { get; }

    /// <summary>The network, as commands take it.</summary>
    public string Network => $"{Host(0)}/24";

    /// <summary>The address from which the lab itself dials.</summary>
    public IPAddress Lab => Host(LabHost);

    /// <summary>The address from which clients come.</summary>
    public IPAddress Clients => Host(ClientsHost);

    /// <summary>Removes what labs of a kind that were killed have left, and takes a number.</summary>
    /// <param name="kind">A word for what is made under the number.</param>
    /// <param name="remove">Removes all that is, or may be, there of a number, so far as it is.</param>
    /// <exception cref="InvalidOperationException">There is no number left, or something left cannot be removed.</exception>
    public static NetworkClaim Take(string kind, Action<int> remove)
    {
        Directory.CreateDirectory(Records);
        using var turn = Lock();
        foreach (var number in Abandoned(kind))
        {
            remove(number);
            File.Delete(RecordOf(number));
        }
        var used = Used();
        for (var number = 0; number < Numbers; number++)
        {
            if (used.Contains(number) || File.Exists(RecordOf(number)))
                continue;
            var me = Environment.ProcessId;
            File.WriteAllText(RecordOf(number), string.Create(CultureInfo.InvariantCulture, $"{me} {ProcessSignals.MarkOf(me)} {kind}"));
            return new NetworkClaim(number, remove);
        }
        throw new InvalidOperationException($"All networks 10.77.0.0/24 to 10.77.{Numbers - 1}.0/24 are in use: end a lab.");
    }

    /// <summary>The address of a node, or of the clients.</summary>
    public IPAddress AddressOf(int node) => node == Link.Clients ? Clients : Host(node);

    /// <summary>Removes all that was made under the number, and gives it back.</summary>
    public void Dispose()
    {
        using var turn = Lock();
        _remove(Number);
        File.Delete(RecordOf(Number));
    }

    private static string RecordOf(int number) => Path.Combine(Records, string.Create(CultureInfo.InvariantCulture, $"{number}.owner"));

    /// <summary>One lab at a time counts numbers and removes what is left.</summary>
    private static FileStream Lock()
    {
        FileStream? claim = null;
        var isTaken = SpinWait.SpinUntil(
            () =>
            {
                try
                {
                    claim = new FileStream(Path.Combine(Records, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                    return true;
                }
                catch (IOException)
                {
                    return false;
                }
            },
            Patience);
        return isTaken ? claim! : throw new InvalidOperationException($"Another lab holds {Records}/lock for more than {Patience.TotalSeconds:0} s: end it.");
    }

    private static List<int> Abandoned(string kind)
    {
        var numbers = new List<int>();
        foreach (var record in Directory.EnumerateFiles(Records, "*.owner"))
        {
            var words = File.ReadAllText(record).Split(' ');
            // One that was cut off while it was written was followed by nothing.
            var isOwned = words.Length >= 2 && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ProcessSignals.IsAlive(pid, words[1]);
            var isOfKind = words.Length < 3 || words[2] == kind;
            if (!isOwned && isOfKind && int.TryParse(Path.GetFileNameWithoutExtension(record), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
        }
        return numbers;
    }

    /// <summary>The numbers whose networks this machine knows, whoever made them.</summary>
    private static HashSet<int> Used() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(static face => face.GetIPProperties().UnicastAddresses)
        .Select(static address => address.Address.GetAddressBytes())
        .Where(static bytes => bytes is [10, 77, _, _])
        .Select(static bytes => (int)bytes[2])
        .ToHashSet();

    private IPAddress Host(int host) => new([10, 77, (byte)Number, (byte)host]);
}
