namespace RaftStream.Testing;

/// <summary>
/// Who uses one counter: ten clients at the most, each with one operation under way. A client that waits too long leaves, as a new one does
/// in a test of Jepsen's, because what it asked for may yet be done; another takes its place.
/// </summary>
internal sealed class CounterClients(VirtualTime time)
{
    /// <summary>Clients of one counter at a time.</summary>
    public const int Max = 10;

    private const long Patience = 1_000_000_000;

    private readonly Client?[] _clients = new Client?[Max];
    private long _processes;

    /// <summary>A client that has nothing under way; null while all ten wait. Whoever waited too long gives up.</summary>
    public Client? Take()
    {
        for (var place = 0; place < _clients.Length; place++)
        {
            var client = _clients[place];
            if (client is { IsBusy: true })
            {
                if (time.Nanoseconds - client.Since < Patience)
                    continue;
                client.GiveUp();
                client = null;
            }

            client ??= _clients[place] = new(_processes++);
            client.Since = time.Nanoseconds;
            return client;
        }

        return null;
    }

    /// <summary>One client.</summary>
    internal sealed class Client(long process)
    {
        private Action? _givenUp;

        /// <summary>Its number, which no other client of the counter ever had.</summary>
        public long Process => process;

        /// <summary>Whether an operation is under way.</summary>
        public bool IsBusy { get; private set; }

        /// <summary>When it was taken last.</summary>
        public long Since { get; set; }

        /// <summary>An operation begins; <paramref name="givenUp"/> is told if the client leaves before its end.</summary>
        public void Begin(Action? givenUp = null) => (IsBusy, _givenUp) = (true, givenUp);

        /// <summary>Its operation was answered.</summary>
        public void End() => (IsBusy, _givenUp) = (false, null);

        /// <summary>It waits no longer.</summary>
        public void GiveUp() => _givenUp?.Invoke();
    }
}
