namespace RaftStream.Testing;

/// <summary>
/// The nodes of a driver, below the folder of its run: <c>nodes/node-N</c> for each, with its log beside it. Only one driver has a folder at a time; what one
/// that was killed left running is ended first. Owned by a driver; thread-safe.
/// </summary>
internal sealed class NodeSlots : IAsyncDisposable
{
    /// <summary>The highest id a node can have.</summary>
    public const int MaxNode = 64;

    private readonly Lock _lock = new();
    private readonly List<NodeSlot> _slots = [];
    private readonly string _folder;
    private readonly FileStream _claim;

    /// <summary>Makes places for the first nodes.</summary>
    /// <exception cref="InvalidOperationException">Another driver that runs has the folder.</exception>
    /// <exception cref="ArgumentOutOfRangeException">So many nodes cannot be.</exception>
    public NodeSlots(string root, int first)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, MaxNode);
        _folder = Path.Combine(Path.GetFullPath(root), "nodes");
        Directory.CreateDirectory(_folder);
        _claim = Claim(Path.Combine(_folder, "driver.lock"), root);
        NodeSlot.KillLeftovers(_folder);
        First = [.. Enumerable.Range(1, first)];
        foreach (var _ in First)
            Add();
    }

    /// <summary>The nodes that form the cluster.</summary>
    public IReadOnlyList<int> First { get; }

    /// <summary>Every node there is.</summary>
    public IReadOnlyList<int> Ids
    {
        get
        {
            lock (_lock)
                return [.. _slots.Select(static slot => slot.Id)];
        }
    }

    /// <summary>One node.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none with this id.</exception>
    public NodeSlot this[int node]
    {
        get
        {
            lock (_lock)
            {
                return node >= 1 && node <= _slots.Count
                    ? _slots[node - 1]
                    : throw new ArgumentOutOfRangeException(nameof(node), node, $"There are only the nodes 1 to {_slots.Count}.");
            }
        }
    }

    /// <summary>Makes a place for one more node and returns its id.</summary>
    /// <exception cref="InvalidOperationException">There are as many as can be.</exception>
    public int Add()
    {
        lock (_lock)
        {
            if (_slots.Count == MaxNode)
                throw new InvalidOperationException($"A run has at most {MaxNode} nodes: add fewer.");
            _slots.Add(new NodeSlot(_slots.Count + 1, _folder));
            return _slots.Count;
        }
    }

    /// <summary>Whether the programs of nodes see a wall clock that the lab sets.</summary>
    public bool SetsWallClocks { get; set; }

    /// <summary>What to run for a node at its place.</summary>
    /// <param name="system">What is run.</param>
    /// <param name="node">The node.</param>
    /// <param name="listen">Where a node listens with a port, by id and port.</param>
    /// <param name="advertise">What a node tells others of where they find a port of its, by id and port.</param>
    /// <param name="reach">Where the node finds another one's port, by id and port.</param>
    /// <exception cref="InvalidOperationException">Wall clocks are to be set, and cannot be here.</exception>
    public NodeProgram ProgramOf(ITestedSystem system, int node, Func<int, string, string> listen, Func<int, string, string> advertise, Func<int, string, string> reach)
    {
        var site = new NodeSite(node, First, this[node].Folder)
        {
            Listen = port => listen(node, port),
            Advertise = port => advertise(node, port),
            Reach = (other, port) => other == node ? listen(node, port) : reach(other, port),
        };
        var program = system.ProgramOf(site);
        return SetsWallClocks ? WallClockLibrary.Under(program, site.Folder) : program;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        NodeSlot[] slots;
        lock (_lock)
            slots = [.. _slots];
        await Task.WhenAll(slots.Select(static slot => slot.DisposeAsync().AsTask()));
        await _claim.DisposeAsync();
    }

    private static FileStream Claim(string file, string root)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception)
        {
            throw new InvalidOperationException($"Another run uses the folder {root}: end it, or name another folder.", exception);
        }
    }
}
