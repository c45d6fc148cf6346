namespace RaftStream.Testing;

/// <summary>The session clients of a simulation.</summary>
internal sealed class SessionWorkload
{
    private readonly SimSession[] _clients;
    private readonly SimRandom _random;

    public SessionWorkload(Simulation simulation, Swarm swarm, SessionAsk ask, SimRandom random)
    {
        _random = random;
        _clients = [.. Enumerable.Range(0, swarm.SessionClients).Select(number => new SimSession(
            simulation, Oracle, ask, random.Fork(), number, TimeSpan.FromMilliseconds(random.Chance(0.5) ? random.Between(50, 2000) : 600_000)))];
    }

    /// <summary>What really happened.</summary>
    public SessionOracle Oracle { get; } = new();

    /// <summary>Whether every client knows what became of its commands.</summary>
    public bool IsAtRest => Array.TrueForAll(_clients, static client => client.IsAtRest);

    /// <summary>One client goes on; all of them while things are brought to an end.</summary>
    public void Act(bool isActive)
    {
        if (isActive && _clients.Length > 0)
        {
            _clients[_random.Below(_clients.Length)].Act(true);
            return;
        }

        foreach (var client in _clients)
            client.Act(false);
    }
}
