namespace RaftStream.Testing;

/// <summary>What a simulation asks of the load that it runs: this project's own, or a user's.</summary>
internal interface IWorkload
{
    /// <summary>Whether new operations begin.</summary>
    bool IsActive { get; set; }

    /// <summary>Whether everything that was begun is known to have ended.</summary>
    bool IsAtRest { get; }

    /// <summary>A state machine for a node that starts.</summary>
    IStateMachine CreateMachine();

    /// <summary>The same, where the machine keeps files on a disk of its own.</summary>
    IStateMachine CreateMachine(IDisk files) => CreateMachine();

    /// <summary>The first act is foreseen.</summary>
    void Begin();

    /// <summary>A client acts.</summary>
    void Act();

    /// <summary>Something has just broken.</summary>
    void OnFault();

    /// <summary>A node's process has started.</summary>
    void OnStarted(SimNode node)
    {
    }

    /// <summary>Many commands at once, for one node.</summary>
    void Burst(SimNode node, int commands);

    /// <summary>No act comes any more.</summary>
    void Leave();

    /// <summary>A command was applied for the first time anywhere.</summary>
    void OnNewState(SimNode node, in Command command);

    /// <summary>Judges the replicas at the end.</summary>
    void CheckEnd(IReadOnlyList<IStateMachine> replicas);
}
