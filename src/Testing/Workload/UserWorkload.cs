namespace RaftStream.Testing;

/// <summary>Drives a user's workload: a few clients that act at random times, each with one operation under way at the most.</summary>
internal sealed class UserWorkload : IWorkload
{
    private const int Clients = 5;

    private readonly Simulation _simulation;
    private readonly Swarm _swarm;
    private readonly SimRandom _random;
    private readonly ISimulatedWorkload _user;
    private readonly SimulatedClient[] _clients;
    private bool _isAway;

    public UserWorkload(Simulation simulation, Swarm swarm, ISimulatedWorkload user, SimRandom random)
    {
        (_simulation, _swarm, _user, _random) = (simulation, swarm, user, random);
        _clients = [.. Enumerable.Range(0, Clients).Select(id => new SimulatedClient(simulation, id, random.Fork()))];
    }

    public bool IsActive { get; set; } = true;

    public bool IsAtRest => Array.TrueForAll(_clients, static client => !client.IsBusy);

    public IStateMachine CreateMachine() => _user.CreateMachine();

    public IStateMachine CreateMachine(IDisk files) => _user.CreateMachine(files);

    public void Begin() => Next();

    public void Act()
    {
        if (_isAway)
            return;
        Next();
        foreach (var client in _clients)
            client.LosePatience();
        var chosen = _clients[_random.Below(Clients)];
        if (IsActive && !chosen.IsBusy)
            _user.Act(chosen);
    }

    public void OnFault()
    {
        // A user's clients are the user's own: they do not act because something broke.
    }

    public void Burst(SimNode node, int commands)
    {
        // Only the user knows commands that the user's machine can read.
    }

    public void Leave() => _isAway = true;

    public void OnNewState(SimNode node, in Command command)
    {
        // What a command does to the state is the user's to judge, by the answers and at the end.
    }

    public void CheckEnd(IReadOnlyList<IStateMachine> replicas) => _user.Check(replicas);

    private void Next() =>
        _simulation.Events.Add(_simulation.Now + 1 + _random.Below(2 * _swarm.ClientEvery), new(SimEventKind.Client, default, default, 0, 0, 0, null));
}
