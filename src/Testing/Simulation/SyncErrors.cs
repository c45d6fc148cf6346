namespace RaftStream.Testing;

/// <summary>
/// Syncs that fail, as Linux lets them: what they should have brought to the medium counts as written from then on, although it is not there (Rebello
/// et al., "Can Applications Recover from fsync Failures?", ATC 2020). The node must fall silent; its process is then started again, sometimes after a
/// power cut.
/// </summary>
internal sealed class SyncErrors(Simulation simulation, Swarm swarm, FaultInjector faults, SimRandom random)
{
    private readonly bool[] _met = new bool[Simulation.MaxMachines + 1];

    /// <summary>A machine's disk may fail from now on.</summary>
    public void Watch(SimNode node)
    {
        if (swarm.SyncErrors > 0 && (simulation.Options.Without & SimulationPart.SyncErrors) == SimulationPart.None)
            node.Disk.Inner.Fault = (operation, _) => operation == DiskOperation.SyncData && Fails(node) ? DiskFault.IoError : DiskFault.None;
    }

    /// <summary>Whether a sync has failed in this life of a node's process.</summary>
    public bool HasMet(SimNode node) => _met[node.Id.Value];

    /// <summary>A node's process began a new life.</summary>
    public void Forget(SimNode node) => _met[node.Id.Value] = false;

    /// <summary>A node fell silent over it: somebody starts it again.</summary>
    public void OnSilent(SimNode node)
    {
        Forget(node);
        faults.Down(node, powerCut: random.Chance(0.5));
    }

    private bool Fails(SimNode node)
    {
        // A machine's very first start is the operator's, who would only start it once more.
        var isFirstStart = node.Replica is null && node.Life == 1;
        if (!faults.IsActive || !simulation.HasFormed || isFirstStart || !random.Chance(swarm.SyncErrors))
            return false;
        simulation.Happened("sync failed", node);
        return _met[node.Id.Value] = true;
    }
}
