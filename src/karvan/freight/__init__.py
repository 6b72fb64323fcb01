"""Itineraries between two places, and the assignment of many flows to one network.

A name is imported from its module when it is used: a route needs none of the kernels of assignment.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karvan.freight.capacitated import CapacitatedEquilibrium, capacitated_equilibrium
    from karvan.freight.certificate import Certificate, certify
    from karvan.freight.corridor import CorridorAssignment, assign, with_capacity
    from karvan.freight.delay import Delay, delays
    from karvan.freight.demand_functions import DemandFunction, demand_function
    from karvan.freight.elastic import ElasticEquilibrium, elastic_equilibrium, pair_costs
    from karvan.freight.equilibrium import Equilibrium, user_equilibrium
    from karvan.freight.hyperpath import Strategy, optimal_strategy
    from karvan.freight.markov import MarkovianEquilibrium, markovian_equilibrium
    from karvan.freight.model import Itineraries, Itinerary, Leg
    from karvan.freight.path_certificate import PathCertificate, certify_paths
    from karvan.freight.pathlogit import PathEquilibrium, path_equilibrium, path_flow_derivative
    from karvan.freight.pathproblem import PathProblem, Uses, path_sizes, uses
    from karvan.freight.problem import AssignmentProblem, UserClass, assignment_problem
    from karvan.freight.routing import itineraries
    from karvan.freight.sensitivity import Sensitivity, flow_derivative, linearise
    from karvan.freight.tntp import read_tntp
    from karvan.freight.used_paths import UsedPath

__all__ = [
    "AssignmentProblem",
    "CapacitatedEquilibrium",
    "Certificate",
    "CorridorAssignment",
    "Delay",
    "DemandFunction",
    "ElasticEquilibrium",
    "Equilibrium",
    "Itineraries",
    "Itinerary",
    "Leg",
    "MarkovianEquilibrium",
    "PathCertificate",
    "PathEquilibrium",
    "PathProblem",
    "Sensitivity",
    "Strategy",
    "UsedPath",
    "UserClass",
    "Uses",
    "assign",
    "assignment_problem",
    "capacitated_equilibrium",
    "certify",
    "certify_paths",
    "delays",
    "demand_function",
    "elastic_equilibrium",
    "flow_derivative",
    "itineraries",
    "linearise",
    "markovian_equilibrium",
    "optimal_strategy",
    "pair_costs",
    "path_equilibrium",
    "path_flow_derivative",
    "path_sizes",
    "read_tntp",
    "user_equilibrium",
    "uses",
    "with_capacity",
]

_MODULES = {
    "capacitated": ("CapacitatedEquilibrium", "capacitated_equilibrium"),
    "certificate": ("Certificate", "certify"),
    "corridor": ("CorridorAssignment", "assign", "with_capacity"),
    "delay": ("Delay", "delays"),
    "demand_functions": ("DemandFunction", "demand_function"),
    "elastic": ("ElasticEquilibrium", "elastic_equilibrium", "pair_costs"),
    "equilibrium": ("Equilibrium", "user_equilibrium"),
    "hyperpath": ("Strategy", "optimal_strategy"),
    "markov": ("MarkovianEquilibrium", "markovian_equilibrium"),
    "model": ("Itineraries", "Itinerary", "Leg"),
    "path_certificate": ("PathCertificate", "certify_paths"),
    "pathlogit": ("PathEquilibrium", "path_equilibrium", "path_flow_derivative"),
    "pathproblem": ("PathProblem", "Uses", "path_sizes", "uses"),
    "problem": ("AssignmentProblem", "UserClass", "assignment_problem"),
    "routing": ("itineraries",),
    "sensitivity": ("Sensitivity", "flow_derivative", "linearise"),
    "tntp": ("read_tntp",),
    "used_paths": ("UsedPath",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in _HOME:
        found: object = getattr(import_module(f"karvan.freight.{_HOME[name]}"), name)
        globals()[name] = found
        return found
    message = f"module 'karvan.freight' has no attribute '{name}'"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
