namespace RaftStream.Testing;

/// <summary>
/// An own state machine under the simulator, and what its clients do. One object stands for one run, from one thread; everything it does must
/// follow from its arguments, so that a seed can be replayed.
/// </summary>
/// <remarks>
/// To say that a promise is broken, throw a <see cref="ViolationException"/>, from anywhere in it: the run ends, and its seed is told. Any other
/// exception is told as a violation of <c>NoException</c>.
/// </remarks>
public interface ISimulatedWorkload
{
    /// <summary>A state machine as it is before its first command. Called at each start of a node.</summary>
    IStateMachine CreateMachine();

    /// <summary>The same for a machine that keeps files of its own; what calls the simpler one unless it is written anew.</summary>
    /// <param name="files">The node's disk for these, beside that of its log: it goes through the same crashes and power cuts, and keeps from one start to the next what it promises.</param>
    IStateMachine CreateMachine(IDisk files) => CreateMachine();

    /// <summary>A client whose last operation was answered, or given up as unknown, may begin the next one.</summary>
    void Act(SimulatedClient client);

    /// <summary>At the end of a run, when all is mended, no operation is under way and all replicas have applied the same entries.</summary>
    /// <param name="replicas">The state machines of the members, to be asked with <see cref="IStateMachine.Query"/>.</param>
    void Check(IReadOnlyList<IStateMachine> replicas);
}
