namespace Lease.Cluster.Tests.Faults;

/// <summary>What is done to a cluster under load.</summary>
internal enum FaultKind
{
    /// <summary>kill -9 of a node; it is started again later.</summary>
    KillNode,

    /// <summary>SIGSTOP for 6 s: the node is declared dead, and wakes up as if nothing had been.</summary>
    PauseNode,

    /// <summary>Two nodes do not reach each other.</summary>
    CutNodes,

    /// <summary>One does not reach the other, which does reach it.</summary>
    CutNodesOneWay,

    /// <summary>A node and the databases do not reach each other.</summary>
    CutDatabase,

    /// <summary>What a node sends to the databases is lost.</summary>
    CutTowardsDatabase,

    /// <summary>What the databases send to a node is lost.</summary>
    CutFromDatabase,

    /// <summary>A node's network cable is pulled.</summary>
    Isolate,

    /// <summary>The primary database is killed, and the replica promoted.</summary>
    FailOver,

    /// <summary>Every node is stopped by SIGTERM and started again, one after the other.</summary>
    RollingRestart,

    /// <summary>One more node joins.</summary>
    AddNode,

    /// <summary>A node's clock is set wrong, and later set again.</summary>
    StepClock,

    /// <summary>The clock of the database's machine, or of the replica's, is set behind, and stays so. (Set ahead it would end leases early, as on any server.)</summary>
    SetDatabaseBack,

    /// <summary>The pools delegate prefixes of another length, and later of the former one again: each time all nodes are stopped and
    /// started, one after the other, with another configuration.</summary>
    ChangeDelegatedLength,
}
