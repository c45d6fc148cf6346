namespace RaftStream.Raft.Runtime;

/// <summary>A thread that polls agents until it is told to stop, and sleeps while they have nothing to do. Owned by the node.</summary>
/// <remarks>An exception out of an agent is our own bug or the state machine's: the thread ends and hands it to the node, which stops the replica.</remarks>
internal sealed class AgentThread
{
    private readonly Func<int> _poll;
    private readonly Func<TimeSpan> _idle;
    private readonly Parker _parker;
    private readonly Action<Exception> _failed;
    private readonly Action _ended;
    private readonly Thread _thread;
    private volatile bool _stop;

    /// <summary>
    /// A thread not yet started: calls <paramref name="poll"/> as long as it does something, else sleeps for
    /// <paramref name="idle"/> or until <paramref name="parker"/> is unparked. Last of all, on the thread itself, it calls
    /// <paramref name="ended"/>.
    /// </summary>
    public AgentThread(string name, Func<int> poll, Func<TimeSpan> idle, Parker parker, Action<Exception> failed, Action ended)
    {
        (_poll, _idle, _parker, _failed, _ended) = (poll, idle, parker, failed, ended);
        _thread = new(Run) { Name = name, IsBackground = true };
    }

    /// <summary>Starts to poll.</summary>
    public void Start() => _thread.Start();

    /// <summary>Tells the thread to end, from any thread, and does not wait for it.</summary>
    public void Signal()
    {
        _stop = true;
        _parker.Unpark();
    }

    /// <summary>Stops polling; returns once the thread has ended. Not from the thread itself.</summary>
    public void Stop()
    {
        Signal();
        if (_thread.IsAlive)
            _thread.Join();
    }

    private void Run()
    {
        try
        {
            while (!_stop)
            {
                if (_poll() == 0)
                    _parker.Park(_idle());
            }
        }
        catch (Exception failure)
        {
            _failed(failure);
        }

        _ended();
    }
}
