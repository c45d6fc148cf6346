using System.Text.Json;

namespace RaftStream.Testing;

/// <summary>What nemeses act on: the nodes in service, the ways between them, the faults of their disks and clocks. Used by one caller at a time.</summary>
internal sealed class Field
{
    private readonly Dictionary<int, NodeFaults> _faults = [];
    private readonly List<int> _members;

    public Field(ITestedSystem system, IClusterDriver driver, ClusterWatch watch, bool hasFaultyNodes)
    {
        (System, Driver, Watch, HasFaultyNodes, Ways) = (system, driver, watch, hasFaultyNodes, new(driver));
        WallClocks = new(driver);
        _members = [.. driver.Nodes];
    }

    public ITestedSystem System { get; }

    public IClusterDriver Driver { get; }

    public ClusterWatch Watch { get; }

    /// <summary>Whether the nodes' disks and clocks obey <see cref="NodeFaults"/>.</summary>
    public bool HasFaultyNodes { get; }

    public Ways Ways { get; }

    public WallClocks WallClocks { get; }

    /// <summary>The nodes in service, in the order of their ids.</summary>
    public IReadOnlyList<int> Members => _members;

    /// <summary>Where the nodes in service are asked by the lab.</summary>
    public IReadOnlyList<string> Addresses => [.. _members.Where(Driver.IsRunning).Select(node => Driver.LabAddress(node, System.ClientPorts[0]))];

    /// <summary>Fewer than half of the nodes.</summary>
    public int Minority => (_members.Count - 1) / 2;

    /// <summary>A node is in service from now on.</summary>
    public void Joined(int node)
    {
        _members.Add(node);
        Watch.Follow(node);
    }

    /// <summary>A node is out of service for good.</summary>
    public void Left(int node) => _members.Remove(node);

    /// <summary>Some of the nodes: one, a minority, a majority, the leader or all, as is drawn.</summary>
    public IReadOnlyList<int> DrawTargets(SimRandom random)
    {
        var shuffled = Shuffled(random);
        return random.Below(5) switch
        {
            0 => shuffled[..1],
            1 => shuffled[..Minority],
            2 => shuffled[..(Minority + 1)],
            3 => Watch.Leader is { } leader && _members.Contains(leader) ? [leader] : shuffled[..1],
            _ => shuffled,
        };
    }

    /// <summary>One node, the leader more often than another.</summary>
    public int DrawOne(SimRandom random) =>
        random.Chance(0.4) && Watch.Leader is { } leader && _members.Contains(leader) ? leader : _members[random.Below(_members.Count)];

    /// <summary>The nodes in an order that is drawn.</summary>
    public List<int> Shuffled(SimRandom random)
    {
        var nodes = _members.ToList();
        for (var place = nodes.Count - 1; place > 0; place--)
        {
            var other = random.Below(place + 1);
            (nodes[place], nodes[other]) = (nodes[other], nodes[place]);
        }

        return nodes;
    }

    /// <summary>Changes what is wrong with a node's disk and clock.</summary>
    public async Task SetFaultsAsync(int node, Func<NodeFaults, NodeFaults> change)
    {
        var before = _faults.GetValueOrDefault(node, new());
        var after = change(before) with { Sequence = before.Sequence + 1 };
        _faults[node] = after;
        var path = Path.Combine(Driver.FolderOf(node), NodeFaults.FileName);
        await File.WriteAllBytesAsync(path + ".new", JsonSerializer.SerializeToUtf8Bytes(after, NodeFaultsJson.Default.NodeFaults));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Makes a node forget between what its wall clock went so far, and tell it anew. Returns the number of that wish.</summary>
    public async Task<long> LookAnewAsync(int node)
    {
        await SetFaultsAsync(node, static faults => faults);
        return _faults[node].Sequence;
    }

    /// <summary>What a node tells of its faults; null before it has told anything.</summary>
    public NodeFaultsSeen? SeenBy(int node)
    {
        var path = Path.Combine(Driver.FolderOf(node), NodeFaults.SeenFileName);
        return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), NodeFaultsJson.Default.NodeFaultsSeen) : null;
    }

    /// <summary>Everything that is broken is mended, and every node in service runs.</summary>
    public async Task RestoreAsync()
    {
        await Ways.HealAsync();
        await WallClocks.HealAsync();
        foreach (var node in _members)
        {
            if (_faults.ContainsKey(node))
                await SetFaultsAsync(node, static faults => new() { Sequence = faults.Sequence, ClockJumpMs = faults.ClockJumpMs });
            if (Driver.IsRunning(node))
                Driver.Pause(node, isPaused: false);
            else
                Driver.Start(node);
        }
    }
}
